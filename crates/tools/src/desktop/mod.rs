//! The desktop family: seeing windows and controls, and operating them. What the tools share is how a target is named,
//! how an effect is watched for, and how pixels become a picture; each tool itself is one file.

mod annotated;
mod app;
mod area;
mod film;
mod find;
mod image;
mod invoke;
mod keyboard;
mod ocr;
mod overlay;
mod passage;
mod pointer;
mod record;
mod screenshot;
mod snapshot;
mod target;
mod wait_for;
mod watch;
mod windows;

use crate::tool::AnyTool;

/// The tools of this family.
pub(crate) fn tools() -> Vec<AnyTool> {
    let families =
        [app::tools, find::tools, invoke::tools, keyboard::tools, pointer::tools, screenshot::tools, snapshot::tools];
    let mut all: Vec<AnyTool> = families.iter().flat_map(|family| family()).collect();
    all.extend(annotated::tools());
    all.extend(ocr::tools());
    all.extend(record::tools());
    all.extend(wait_for::tools());
    all.extend(windows::tools());
    all
}
