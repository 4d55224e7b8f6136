//! Points and rectangles in physical pixels of the virtual desktop (per-monitor DPI awareness v2). Coordinates may be
//! negative; no scaling happens here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A point on the virtual desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Point {
    /// Pixels to the right of the primary display's left edge.
    pub x: i32,
    /// Pixels below the primary display's top edge.
    pub y: i32,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.x, self.y)
    }
}

/// A rectangle on the virtual desktop; right and bottom lie outside it, as in Win32's `RECT`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge, inside.
    pub left: i32,
    /// Top edge, inside.
    pub top: i32,
    /// Right edge, outside.
    pub right: i32,
    /// Bottom edge, outside.
    pub bottom: i32,
}

impl Rect {
    /// The rectangle between these edges.
    pub fn new(left: i32, top: i32, right: i32, bottom: i32) -> Self {
        Self { left, top, right, bottom }
    }

    /// Width in pixels, zero when the edges are crossed.
    pub fn width(self) -> u32 {
        u32::try_from(i64::from(self.right) - i64::from(self.left)).unwrap_or(0)
    }

    /// Height in pixels, zero when the edges are crossed.
    pub fn height(self) -> u32 {
        u32::try_from(i64::from(self.bottom) - i64::from(self.top)).unwrap_or(0)
    }

    /// Whether no pixel lies inside.
    pub fn is_empty(self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    /// The pixel in the middle.
    pub fn centre(self) -> Point {
        Point { x: self.left.midpoint(self.right), y: self.top.midpoint(self.bottom) }
    }

    /// Whether `point` lies inside.
    pub fn contains(self, point: Point) -> bool {
        point.x >= self.left && point.x < self.right && point.y >= self.top && point.y < self.bottom
    }

    /// As large, and so much further to the right and down; at the edge of all coordinates it loses what is beyond.
    pub fn moved(self, right: i32, down: i32) -> Self {
        Self {
            left: self.left.saturating_add(right),
            top: self.top.saturating_add(down),
            right: self.right.saturating_add(right),
            bottom: self.bottom.saturating_add(down),
        }
    }

    /// What both rectangles share; empty when they do not touch.
    pub fn intersect(self, other: Self) -> Self {
        let shared = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        if shared.is_empty() { Self::default() } else { shared }
    }

    /// The smallest rectangle that holds both.
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{} {}x{}", self.left, self.top, self.width(), self.height())
    }
}
