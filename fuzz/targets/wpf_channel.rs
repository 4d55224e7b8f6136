//! Whatever comes out of a WPF application: bytes cut into frames, and bodies read as what their kind says. A hostile inspector
//! writes all of it, so nothing may panic, and nothing may take memory that was not sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_wpf_protocol::{
    Blob, Credit, Event, FRAME_CAP, FrameDecoder, FrameKind, ParameterBlock, Response, WalkResult, encode,
};

fuzz_target!(|bytes: &[u8]| {
    // The same bytes in two pieces are the same frames.
    let (mut whole, mut pieces) = (FrameDecoder::default(), FrameDecoder::default());
    whole.push(bytes);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    pieces.push(first);
    let mut early = Vec::new();
    while let Ok(Some(frame)) = pieces.next_frame() {
        early.push(frame);
    }
    pieces.push(second);
    let mut early = early.into_iter();
    loop {
        let frame = match whole.next_frame() {
            Ok(Some(frame)) => frame,
            end => {
                assert_eq!(end, early.next().map_or_else(|| pieces.next_frame(), |frame| Ok(Some(frame))));
                break;
            }
        };
        let again = early.next().map_or_else(|| pieces.next_frame(), |frame| Ok(Some(frame)));
        assert_eq!(again, Ok(Some(frame.clone())));
        assert!(frame.body.len() <= frame.kind.cap() && frame.kind.cap() <= FRAME_CAP);
        let written = encode(frame.kind, &frame.body).expect("what was read can be written");
        assert!(bytes.windows(written.len()).any(|window| window == written));
        read(frame.kind, &frame.body);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(block) = ParameterBlock::read(text)
    {
        assert_eq!(block.write(), text);
    }
});

fn read(kind: FrameKind, body: &[u8]) {
    match kind {
        FrameKind::Response => {
            if let Ok(Response { result: Some(result), .. }) = serde_json::from_slice(body) {
                serde_json::from_value::<WalkResult>(result).ok();
            }
        }
        FrameKind::Event => {
            serde_json::from_slice::<Event>(body).ok();
        }
        FrameKind::Blob => {
            if let Ok(blob) = Blob::read(body) {
                assert_eq!(blob.write(), body);
            }
        }
        FrameKind::Credit => {
            if let Ok(credit) = Credit::read(body) {
                assert_eq!(credit.write(), body);
            }
        }
        FrameKind::Request | FrameKind::Cancel | FrameKind::Alive | FrameKind::Proof => {}
    }
}
