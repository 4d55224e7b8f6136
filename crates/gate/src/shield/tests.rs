//! The shielded ports against the bare ones, pixel by pixel and window by window.

use super::*;
use portcullis_model::{Effect, Origin, ProgramName, Resource, Valued, WindowPattern};
use portcullis_platform_fake::{FakeDesktop, permit};
use std::time::Duration;

/// Where the demo's form is.
const FORM: Rect = Rect { left: 800, top: 60, right: 1400, bottom: 1040 };

fn shielded(desktop: &FakeDesktop, pattern: WindowPattern) -> Ports {
    let hidden = vec![Valued::new(pattern, Origin::Flag("--test"))];
    shield(desktop.ports(), &Restrictions { hidden, ..Restrictions::default() })
}

fn by_program() -> WindowPattern {
    WindowPattern::Program(ProgramName::parse("FORM.exe").unwrap())
}

fn by_title() -> WindowPattern {
    WindowPattern::TitlePart("custom".to_owned())
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

#[test]
fn a_hidden_window_is_black_and_nothing_else_is() {
    let desktop = FakeDesktop::demo();
    let pixels = permit(&[Effect::ReadPixels], &[Resource::Desktop]).unwrap();
    for (area, pattern) in [
        (Rect::new(0, 0, 1920, 1080), by_program()),
        (Rect::new(0, 0, 1920, 1080), by_title()),
        (Rect::new(900, 100, 1000, 200), by_program()),
        (Rect::new(700, 20, 900, 200), by_title()),
        (Rect::new(0, 0, 100, 100), by_program()),
    ] {
        let plain = desktop.ports().screen.capture(&pixels, area, soon()).unwrap();
        let seen = shielded(&desktop, pattern).screen.capture(&pixels, area, soon()).unwrap();
        assert_eq!(plain.rect, seen.rect);
        let width = usize::try_from(plain.rect.width()).unwrap();
        for (index, (bare, seen)) in plain.rgb.chunks(PIXEL).zip(seen.rgb.chunks(PIXEL)).enumerate() {
            let x = plain.rect.left + i32::try_from(index % width).unwrap();
            let y = plain.rect.top + i32::try_from(index / width).unwrap();
            let wanted = if FORM.contains(Point { x, y }) { &BLANK[..] } else { bare };
            assert_eq!(seen, wanted, "{x},{y} in {area:?}");
        }
    }
}

#[test]
fn a_hidden_window_is_not_listed_read_pictured_or_operated() {
    let desktop = FakeDesktop::demo();
    let form = desktop.ports().windows.foreground().unwrap();
    let own = desktop.window_resource(&form).unwrap();
    let all =
        permit(&[Effect::ReadWindows, Effect::ReadPixels, Effect::ArrangeWindows], &[Resource::Desktop, own]).unwrap();
    let element = desktop.element(&form, "Greet").unwrap();
    for pattern in [by_program(), by_title()] {
        let ports = shielded(&desktop, pattern);
        assert!(ports.windows.list(&all).unwrap().iter().all(|info| info.identity != form));
        assert_eq!(desktop.ports().windows.list(&all).unwrap().len(), ports.windows.list(&all).unwrap().len() + 1);
        let (tree, cancel) = (&ports.tree, Cancel::new());
        let budget = ReadBudget { elements: 9, rows: 9, deadline: soon() };
        let faults = [
            ports.windows.describe(&all, &form).err(),
            ports.screen.capture_window(&all, &form, soon()).err(),
            tree.element_at(&all, &form, FORM.centre(), soon()).err(),
            tree.read(&all, &form, budget, &cancel).err(),
            tree.read_element(&all, &element, soon()).err(),
            tree.text(&all, &element, 0, 9, soon()).err(),
            tree.focused(&all, &form, soon()).err(),
            tree.act(&all, &element, &ControlAct::Invoke, soon(), &cancel).err(),
            ports.windows.focus(&all, &form, soon(), &cancel).err(),
            ports.windows.place(&all, &form, Placement::Close, soon(), &cancel).err(),
        ];
        let rule = "flag --test names it in `capture.exclude`".to_owned();
        for (index, fault) in faults.into_iter().enumerate() {
            assert_eq!(fault, Some(PortFault::Hidden(rule.clone())), "{index}");
        }
    }
}
