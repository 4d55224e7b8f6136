//! What is drawn over a picture: boxes with the numbers of refs, and lines with the coordinates of the screen. Colours are
//! fixed, so that who reads pictures learns them once. What deserves a box is decided elsewhere.

use crate::desktop::image::Pixels;
use embedded_graphics::mono_font::MonoTextStyleBuilder;
use embedded_graphics::mono_font::ascii::FONT_6X10;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Dimensions, DrawTarget, Drawable, OriginDimensions, Pixel, Point, Primitive, Size};
use embedded_graphics::primitives::{Line, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Baseline, Text};
use image::Rgb;
use portcullis_model::Rect;
use std::convert::Infallible;

/// A box and what is written on it.
const BOX: Rgb888 = Rgb888::new(214, 0, 0);
/// A line and what is written on it.
const LINE: Rgb888 = Rgb888::new(0, 84, 204);
const INK: Rgb888 = Rgb888::new(255, 255, 255);
/// Pixels of the picture between two labels of lines of one direction, at least.
const LABEL_GAP: i32 = 48;

/// What is drawn over a picture, in coordinates of the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    /// Boxes, each with its label.
    pub(crate) boxes: Vec<(String, Rect)>,
    /// Lines at each multiple of so many pixels.
    pub(crate) grid: Option<i32>,
}

impl Overlay {
    pub(super) fn is_empty(&self) -> bool {
        self.boxes.is_empty() && self.grid.is_none()
    }

    /// Draws on a picture that shows `area` of the screen.
    pub(super) fn draw(&self, pixels: &mut Pixels, area: Rect) {
        let mut canvas = Canvas { scale: Scale::of(pixels, area), pixels };
        if let Some(step) = self.grid.filter(|step| *step > 0) {
            canvas.grid(area, step);
        }
        // Labels last and the first box's on top, so that no box crosses out the number of one before it.
        for (_, rect) in &self.boxes {
            canvas.frame(*rect);
        }
        for (label, rect) in self.boxes.iter().rev() {
            let corner = canvas.scale.point(rect.left.max(area.left), rect.top.max(area.top));
            canvas.label(label, corner, BOX);
        }
    }
}

/// From the screen to a picture's pixels.
#[derive(Clone, Copy)]
struct Scale {
    area: Rect,
    width: i64,
    height: i64,
}

impl Scale {
    fn of(pixels: &Pixels, area: Rect) -> Self {
        Self { area, width: i64::from(pixels.width()), height: i64::from(pixels.height()) }
    }

    fn x(self, x: i32) -> i32 {
        scaled(i64::from(x) - i64::from(self.area.left), self.width, self.area.width())
    }

    fn y(self, y: i32) -> i32 {
        scaled(i64::from(y) - i64::from(self.area.top), self.height, self.area.height())
    }

    fn point(self, x: i32, y: i32) -> Point {
        Point::new(self.x(x), self.y(y))
    }
}

fn scaled(offset: i64, length: i64, of: u32) -> i32 {
    i32::try_from(offset.saturating_mul(length) / i64::from(of.max(1))).unwrap_or(i32::MAX)
}

struct Canvas<'picture> {
    pixels: &'picture mut Pixels,
    scale: Scale,
}

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.pixels.width(), self.pixels.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, drawn: I) -> Result<(), Infallible> {
        use embedded_graphics::prelude::RgbColor;
        for Pixel(at, colour) in drawn {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else { continue };
            if let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

impl Canvas<'_> {
    fn frame(&mut self, rect: Rect) {
        let corners = (self.scale.point(rect.left, rect.top), self.scale.point(rect.right - 1, rect.bottom - 1));
        let Ok(()) =
            Rectangle::with_corners(corners.0, corners.1).into_styled(PrimitiveStyle::with_stroke(BOX, 1)).draw(self);
    }

    /// White on a colour, whole inside the picture as far as it fits.
    fn label(&mut self, label: &str, at: Point, colour: Rgb888) {
        let style = MonoTextStyleBuilder::new().font(&FONT_6X10).text_color(INK).background_color(colour).build();
        let size = Text::with_baseline(label, at, style, Baseline::Top).bounding_box().size;
        let (width, height) = (self.size().width, self.size().height);
        let room = |length: u32, of: u32| i32::try_from(length.saturating_sub(of)).unwrap_or(i32::MAX);
        let at = Point::new(at.x.clamp(0, room(width, size.width)), at.y.clamp(0, room(height, size.height)));
        let Ok(_) = Text::with_baseline(label, at, style, Baseline::Top).draw(self);
    }

    fn grid(&mut self, area: Rect, step: i32) {
        let style = PrimitiveStyle::with_stroke(LINE, 1);
        let multiples = |from: i32, to: i32| {
            let first = from.div_euclid(step).saturating_mul(step);
            (0..).map(move |count: i32| first.saturating_add(count.saturating_mul(step))).take_while(move |at| *at < to)
        };
        let (right, bottom) = (self.scale.x(area.right), self.scale.y(area.bottom));
        let (columns, rows): (Vec<i32>, Vec<i32>) =
            (multiples(area.left, area.right).collect(), multiples(area.top, area.bottom).collect());
        for x in &columns {
            let at = self.scale.x(*x);
            let Ok(()) = Line::new(Point::new(at, 0), Point::new(at, bottom)).into_styled(style).draw(self);
        }
        for y in &rows {
            let at = self.scale.y(*y);
            let Ok(()) = Line::new(Point::new(0, at), Point::new(right, at)).into_styled(style).draw(self);
        }
        let mut free = i32::MIN;
        for x in columns {
            let at = self.scale.x(x);
            if at >= free.max(0) {
                self.label(&x.to_string(), Point::new(at + 1, 0), LINE);
                free = at.saturating_add(LABEL_GAP);
            }
        }
        // The first row's label would cover the first column's.
        let mut free = LABEL_GAP / 3;
        for y in rows {
            let at = self.scale.y(y);
            if at >= free {
                self.label(&y.to_string(), Point::new(0, at + 1), LINE);
                free = at.saturating_add(LABEL_GAP / 3);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> Pixels {
        Pixels::from_pixel(width, height, Rgb([128; 3]))
    }

    fn of(colour: Rgb888) -> Rgb<u8> {
        use embedded_graphics::prelude::RgbColor;
        Rgb([colour.r(), colour.g(), colour.b()])
    }

    #[test]
    fn a_box_lies_where_its_element_does_whatever_the_scale() {
        // Half the size, of a screen that begins at -100,50.
        let area = Rect::new(-100, 50, 300, 250);
        let mut pixels = grey(200, 100);
        let overlay = Overlay { boxes: vec![("7".to_owned(), Rect::new(-20, 90, 60, 150))], grid: None };
        overlay.draw(&mut pixels, area);
        let red: Vec<_> = pixels.enumerate_pixels().filter(|(_, _, pixel)| **pixel == of(BOX)).collect();
        let sides = |pick: fn(&(u32, u32, &Rgb<u8>)) -> u32| {
            let all = || red.iter().map(pick);
            (all().min().unwrap(), all().max().unwrap())
        };
        assert_eq!(sides(|pixel| pixel.0), (40, 79));
        assert_eq!(sides(|pixel| pixel.1), (20, 49));
        assert!(pixels.pixels().any(|pixel| *pixel == of(INK)), "no number was written");
        assert_eq!(*pixels.get_pixel(60, 40), Rgb([128; 3]), "what is in the box was drawn over");
    }

    #[test]
    fn what_lies_half_outside_is_drawn_as_far_as_it_shows() {
        let area = Rect::new(0, 0, 50, 40);
        for rect in [Rect::new(-30, -30, 10, 10), Rect::new(45, 35, 400, 400), Rect::new(-9, -9, 900, 900)] {
            let mut pixels = grey(50, 40);
            Overlay { boxes: vec![("123456".to_owned(), rect)], grid: None }.draw(&mut pixels, area);
            assert!(pixels.pixels().any(|pixel| *pixel == of(INK)), "{rect}: its number does not show");
        }
    }

    #[test]
    fn lines_lie_at_multiples_of_the_screens_coordinates() {
        let area = Rect::new(-30, 10, 170, 110);
        let mut pixels = grey(200, 100);
        Overlay { boxes: Vec::new(), grid: Some(50) }.draw(&mut pixels, area);
        let column = |x: u32| (0..100).all(|y| *pixels.get_pixel(x, y) != Rgb([128; 3]));
        assert_eq!((0..200).filter(|x| column(*x)).collect::<Vec<_>>(), [30, 80, 130, 180]);
        let row = |y: u32| (0..200).all(|x| *pixels.get_pixel(x, y) != Rgb([128; 3]));
        assert_eq!((0..100).filter(|y| row(*y)).collect::<Vec<_>>(), [40, 90]);
    }
}
