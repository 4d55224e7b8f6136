//! Pictures of elements, and their XAML.

use super::args::{ElementId, number, text, wpf_args};
use super::{Kind, Wpf, descriptor, wpf_tool};
use crate::args::Int;
use crate::tool::AnyTool;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::WpfGate::{Screenshots, SensitiveReads};
use portcullis_model::{Fault, FaultCode};
use portcullis_wpf as wpf;
use portcullis_wpf::Pixels;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of a picture that an answer holds.
const INLINE_CAP: usize = 256 * 1024;
/// Pixels of a side.
const SIDE_CAP: u32 = 3_840;

/// The tools of this file.
pub(super) fn tools() -> Vec<AnyTool> {
    vec![AnyTool::of::<Wpf<ElementScreenshot>>(), AnyTool::of::<Wpf<SerializeToXaml>>()]
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum OutputMode {
    #[default]
    Metadata,
    File,
    Base64,
}

wpf_args!(ScreenshotArgs {
    element_id: Option<ElementId>,
    /// Default metadata: no pixels
    output_mode: Option<OutputMode>,
    max_width: Option<Int<1, 3_840>>,
    max_height: Option<Int<1, 3_840>>,
});

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScreenshotAnswer {
    #[serde(flatten)]
    picture: wpf::Picture,
    output_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64_image: Option<String>,
    max_inline_byte_length: usize,
}

fn png_of(pixels: Pixels) -> Result<Vec<u8>, Fault> {
    let mut bytes = pixels.bytes;
    for pixel in bytes.chunks_exact_mut(4) {
        pixel.swap(0, 2);
    }
    let failed = |error: png::EncodingError| Fault::new(FaultCode::Internal, format!("no picture: {error}"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width, pixels.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&bytes).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

wpf_tool!(
    ElementScreenshot, ScreenshotArgs => ScreenshotAnswer,
    descriptor(
        "element_screenshot",
        "Picture of an element",
        "The size of an element's picture; with outputMode base64 the picture itself as PNG, at most 256 KB. Secrets are covered.",
        Kind::Read,
        &[Screenshots],
        [(r#"{"elementId": "Button_5"}"#, "Its size"), (r#"{"elementId": "Button_5", "outputMode": "base64", "maxWidth": 40}"#, "A small picture")],
    ),
    |args, asker| {
        let mode = args.output_mode.unwrap_or_default();
        if mode == OutputMode::File {
            return Err(Fault::new(FaultCode::Unsupported, "pictures are not kept as files yet")
                .field("outputMode")
                .value("file")
                .rule("a picture is told by its size, or comes in the answer")
                .remedy("say `outputMode: \"base64\"`, with maxWidth when it is too large")
                .source_code("OperationFailed"));
        }
        let max = [number(args.max_width, SIDE_CAP), number(args.max_height, SIDE_CAP)];
        let inline = mode == OutputMode::Base64;
        let (picture, pixels) = wpf::picture(asker, text(args.element_id.as_ref()), max, inline)?;
        let bytes = pixels.map(png_of).transpose()?;
        if let Some(length) = bytes.as_ref().map(Vec::len).filter(|length| *length > INLINE_CAP) {
            return Err(Fault::new(FaultCode::TooLarge, format!("the picture has {length} bytes"))
                .field("maxWidth")
                .rule(format!("a picture in an answer has at most {INLINE_CAP} bytes"))
                .remedy("ask for a smaller one with maxWidth")
                .source_code("PayloadTooLarge"));
        }
        Ok(ScreenshotAnswer {
            picture,
            output_mode: if inline { "base64" } else { "metadata" },
            format: bytes.as_ref().map(|_| "png"),
            byte_length: bytes.as_ref().map(Vec::len),
            base64_image: bytes.map(|bytes| STANDARD.encode(bytes)),
            max_inline_byte_length: INLINE_CAP,
        })
    }
);

wpf_args!(XamlArgs { element_id: ElementId });

wpf_tool!(
    SerializeToXaml, XamlArgs => wpf::Xaml,
    descriptor(
        "serialize_to_xaml",
        "An element as XAML",
        "An element inside a window as XAML with its local values: six levels, 256 elements at most.",
        Kind::Read,
        &[SensitiveReads],
        [(r#"{"elementId": "StackPanel_2"}"#, "A panel"), (r#"{"elementId": "TextBox_3"}"#, "A text box")],
    ),
    |args, asker| wpf::xaml(asker, &args.element_id.0)
);
