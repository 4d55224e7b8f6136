//! Pictures of elements, and their XAML.

use super::args::{ElementId, number, text, wpf_args};
use super::{Answers, Kind, Wpf, descriptor, wpf_tool};
use crate::args::Int;
use crate::descriptor::Descriptor;
use crate::kept::{Artifact, Item, Keeper, written};
use crate::tool::AnyTool;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::WpfGate::{Screenshots, SensitiveReads};
use portcullis_model::{Digest, Fault, FaultCode};
use portcullis_wpf as wpf;
use portcullis_wpf::{Asker, Pixels};
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
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    kept: Option<KeptPicture>,
    max_inline_byte_length: usize,
    /// Of a picture that is to be kept.
    #[serde(skip)]
    taken: Option<Taken>,
}

/// A picture on its way to where it is kept.
struct Taken {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
}

/// Where a picture is kept.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KeptPicture {
    screenshot_id: String,
    resource_uri: String,
    resource_read: ResourceRead,
    file_name: String,
    expires_at_utc: String,
    sha256: String,
    mime_type: &'static str,
}

/// The request that gives a kept picture.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ResourceRead {
    method: &'static str,
    params: ResourceUri,
    same_session_required: bool,
}

#[derive(Serialize, JsonSchema)]
struct ResourceUri {
    uri: String,
}

impl KeptPicture {
    fn of(item: &Item) -> Self {
        Self {
            screenshot_id: item.id.to_string(),
            resource_uri: item.uri(),
            resource_read: ResourceRead {
                method: "resources/read",
                params: ResourceUri { uri: item.uri() },
                same_session_required: true,
            },
            file_name: item.name(),
            expires_at_utc: written(item.expires_at()),
            sha256: Digest::of(&item.bytes).to_string(),
            mime_type: item.mime,
        }
    }
}

impl OutputMode {
    fn word(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::File => "file",
            Self::Base64 => "base64",
        }
    }
}

fn png_of(pixels: Pixels) -> Result<Taken, Fault> {
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
    Ok(Taken { bytes: out, width: pixels.width, height: pixels.height })
}

pub(super) struct ElementScreenshot;

impl Answers for ElementScreenshot {
    type Args = ScreenshotArgs;
    type Answer = ScreenshotAnswer;

    const DESCRIPTOR: Descriptor = descriptor(
        "element_screenshot",
        "Picture of an element",
        "The size of an element's picture; base64: the picture in the answer as PNG, at most 256 KB; file: kept for you, to be read by its uri. Secrets are covered.",
        Kind::Read,
        &[Screenshots],
        [
            (r#"{"elementId": "Button_5"}"#, "Its size"),
            (r#"{"elementId": "Button_5", "outputMode": "base64", "maxWidth": 40}"#, "A small picture"),
        ],
    );

    fn answer(args: ScreenshotArgs, asker: &Asker<'_>) -> Result<ScreenshotAnswer, Fault> {
        let mode = args.output_mode.unwrap_or_default();
        let max = [number(args.max_width, SIDE_CAP), number(args.max_height, SIDE_CAP)];
        let (picture, pixels) = wpf::picture(asker, text(args.element_id.as_ref()), max, mode != OutputMode::Metadata)?;
        let taken = pixels.map(png_of).transpose()?;
        let length = taken.as_ref().map(|taken| taken.bytes.len());
        if let Some(length) = length.filter(|length| mode == OutputMode::Base64 && *length > INLINE_CAP) {
            return Err(Fault::new(FaultCode::TooLarge, format!("the picture has {length} bytes"))
                .field("maxWidth")
                .rule(format!("a picture in an answer has at most {INLINE_CAP} bytes"))
                .remedy("ask for a smaller one with maxWidth, or say `outputMode: \"file\"`")
                .source_code("PayloadTooLarge"));
        }
        let (base64_image, taken) = match mode {
            OutputMode::Base64 => (taken.map(|taken| STANDARD.encode(taken.bytes)), None),
            OutputMode::File | OutputMode::Metadata => (None, taken),
        };
        Ok(ScreenshotAnswer {
            picture,
            output_mode: mode.word(),
            format: length.map(|_| "png"),
            byte_length: length,
            base64_image,
            kept: None,
            max_inline_byte_length: INLINE_CAP,
            taken,
        })
    }

    fn keep(answer: &mut ScreenshotAnswer, keeper: &Keeper<'_>) -> Result<(), Fault> {
        if let Some(Taken { bytes, width, height }) = answer.taken.take() {
            let item = keeper.keep(Artifact {
                of: "element",
                mime: "image/png",
                bytes,
                pixels: Some((width, height)),
                of_tool: None,
            })?;
            answer.kept = Some(KeptPicture::of(&item));
        }
        Ok(())
    }
}

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
