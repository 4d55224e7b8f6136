//! A picture of one element: its size, and its pixels where they are wanted. Encoding is not done here.

use crate::ask::{AppText, Asker, TypeNames};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf_protocol::RenderParams;
use schemars::JsonSchema;
use serde::Serialize;

/// What is known of a picture besides its pixels.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    element_type: AppText,
    width: u32,
    height: u32,
    source_width: f64,
    source_height: f64,
    scale_factor: f64,
    downscaled: bool,
    rendered: bool,
    /// Parts that another technology draws, which are missing.
    airspace_count: u32,
    has_open_popups: bool,
    covered_secret_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bounds_on_screen: Option<[f64; 4]>,
}

/// Pixels, top row first: blue, green, red, alpha.
#[derive(Debug)]
pub struct Pixels {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// Four bytes each.
    pub bytes: Vec<u8>,
}

/// The size of an element's picture, and with `pixels` the picture, no larger than these sides.
pub fn picture(
    asker: &Asker<'_>,
    element: Option<&str>,
    max: [u32; 2],
    pixels: bool,
) -> Result<(Picture, Option<Pixels>), Fault> {
    let handle = asker.handle("elementId", element)?;
    let ask = |scale, size_only| RenderParams { handle, scale, size_only, adorners: true };
    let own = asker.call(&ask(Some(1.0), true))?;
    let [across, down] = own.size;
    let fits = |side: f64, cap: u32| if side > 0.0 { f64::from(cap) / side } else { 1.0 };
    let scale = fits(across, max[0]).min(fits(down, max[1])).min(1.0);
    let (found, bytes) =
        if pixels || scale < 1.0 { asker.with_bytes(&ask(Some(scale), !pixels))? } else { (own, Vec::new()) };
    let told = Picture {
        element_type: TypeNames::of(&found.types).name(found.ty),
        width: found.width,
        height: found.height,
        source_width: across,
        source_height: down,
        scale_factor: scale,
        downscaled: scale < 1.0,
        rendered: pixels,
        airspace_count: found.airspace,
        has_open_popups: found.has_popups,
        covered_secret_count: found.covered,
        bounds_on_screen: found.bounds,
    };
    if !pixels {
        return Ok((told, None));
    }
    let whole = u64::from(found.width).saturating_mul(u64::from(found.height)).saturating_mul(4);
    if u64::try_from(bytes.len()).ok() != Some(whole) || whole == 0 {
        return Err(Fault::new(FaultCode::SystemError, "the picture has not the size that was said")
            .remedy("lay the element out first, with invalidate_layout")
            .source_code("ElementNotLoaded"));
    }
    Ok((told, Some(Pixels { width: found.width, height: found.height, bytes })))
}
