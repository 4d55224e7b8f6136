//! Frames: how messages are cut out of the bytes of a channel. A frame is its body's length as four bytes, little-endian, one
//! byte for its kind, and the body. What a body says is not read here, except for the few that are not JSON.

/// Bytes of a frame's body.
pub const FRAME_CAP: usize = 10 * 1024 * 1024;
/// Bytes before the body: length and kind.
pub const HEADER_BYTES: usize = 5;
/// Bytes of one part of a blob.
pub const BLOB_PART_CAP: usize = 256 * 1024;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// Server to inspector: a request, JSON.
    Request = 0,
    /// Inspector to server: its answer, JSON.
    Response = 1,
    /// Inspector to server: something that happened, JSON.
    Event = 2,
    /// Server to inspector: the number of a request that is not wanted any more. Its response comes all the same.
    Cancel = 3,
    /// Inspector to server: a part of the bytes that a response announced.
    Blob = 4,
    /// Server to inspector: how many more bytes of a blob may be sent.
    Credit = 5,
    /// Either way: the sender is there. No body.
    Alive = 6,
    /// Either way, before anything else: a part of the proofs.
    Proof = 7,
}

impl FrameKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Request, Self::Response, Self::Event, Self::Cancel, Self::Blob, Self::Credit, Self::Alive, Self::Proof];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }

    /// The byte that stands for it.
    #[expect(clippy::as_conversions, reason = "the type is declared to be this byte")]
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// The bytes that a body of this kind may have.
    pub fn cap(self) -> usize {
        match self {
            Self::Request | Self::Response | Self::Event => FRAME_CAP,
            Self::Cancel => 8,
            Self::Blob => BLOB_PART_CAP + Blob::HEADER_BYTES,
            Self::Credit => Credit::BYTES,
            Self::Alive => 0,
            Self::Proof => 128,
        }
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// Its body.
    pub body: Vec<u8>,
}

/// Bytes that are no frame. A channel that brings them is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFrame {
    /// No frame is of this kind.
    #[error("a frame of kind {0}, which does not exist")]
    Kind(u8),
    /// The body is longer than its kind allows.
    #[error("a frame with a body of {length} bytes, where {cap} are the most")]
    TooLong {
        /// What was announced.
        length: usize,
        /// What is allowed.
        cap: usize,
    },
    /// The body is not what its kind says.
    #[error("a frame whose body is not of its kind")]
    Body,
}

/// Writes a frame. Fails when the body is longer than its kind allows.
pub fn encode(kind: FrameKind, body: &[u8]) -> Result<Vec<u8>, MalformedFrame> {
    let too_long = || MalformedFrame::TooLong { length: body.len(), cap: kind.cap() };
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= kind.cap()).ok_or_else(too_long)?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.push(kind.byte());
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// Cuts frames out of bytes that come in pieces. It never holds more than one frame and what came with it, and refuses a length
/// as soon as it is announced.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    held: Vec<u8>,
    read: usize,
}

impl FrameDecoder {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.drain(..self.read);
        self.read = 0;
        self.held.extend_from_slice(bytes);
    }

    /// The next whole frame; none while it is not all there.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, MalformedFrame> {
        let rest = self.held.get(self.read..).unwrap_or_default();
        let Some((header, after)) = rest.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let [a, b, c, d, kind] = *header;
        let kind = FrameKind::of(kind).ok_or(MalformedFrame::Kind(kind))?;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > kind.cap() {
            return Err(MalformedFrame::TooLong { length, cap: kind.cap() });
        }
        let Some(body) = after.get(..length) else { return Ok(None) };
        let frame = Frame { kind, body: body.to_vec() };
        self.read += HEADER_BYTES + length;
        Ok(Some(frame))
    }
}

/// A part of a blob: the request's number, the part's own number from 0, whether it is the last, and the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The request whose response announced it.
    pub request: u64,
    /// Which part, from 0.
    pub part: u32,
    /// Whether no part follows.
    pub last: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    const HEADER_BYTES: usize = 13;

    /// Reads the body of a blob frame.
    pub fn read(body: &[u8]) -> Result<Self, MalformedFrame> {
        let (request, rest) = body.split_first_chunk::<8>().ok_or(MalformedFrame::Body)?;
        let (part, rest) = rest.split_first_chunk::<4>().ok_or(MalformedFrame::Body)?;
        let (last, bytes) = rest.split_first().ok_or(MalformedFrame::Body)?;
        let last = match last {
            0 => false,
            1 => true,
            _ => return Err(MalformedFrame::Body),
        };
        let (request, part) = (u64::from_le_bytes(*request), u32::from_le_bytes(*part));
        Ok(Self { request, part, last, bytes: bytes.to_vec() })
    }

    /// Writes the body of a blob frame.
    pub fn write(&self) -> Vec<u8> {
        let mut body = self.request.to_le_bytes().to_vec();
        body.extend_from_slice(&self.part.to_le_bytes());
        body.push(u8::from(self.last));
        body.extend_from_slice(&self.bytes);
        body
    }
}

/// Leave to send more of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The request whose response announced it.
    pub request: u64,
    /// How many more bytes may be sent.
    pub bytes: u32,
}

impl Credit {
    const BYTES: usize = 12;

    /// Reads the body of a credit frame.
    pub fn read(body: &[u8]) -> Result<Self, MalformedFrame> {
        let (request, rest) = body.split_first_chunk::<8>().ok_or(MalformedFrame::Body)?;
        let bytes: [u8; 4] = rest.try_into().map_err(|_| MalformedFrame::Body)?;
        Ok(Self { request: u64::from_le_bytes(*request), bytes: u32::from_le_bytes(bytes) })
    }

    /// Writes the body of a credit frame.
    pub fn write(&self) -> Vec<u8> {
        [self.request.to_le_bytes().as_slice(), &self.bytes.to_le_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_past_the_cap_is_refused_before_its_body_comes() {
        for (kind, cap) in FrameKind::ALL.map(|kind| (kind, kind.cap())) {
            let mut decoder = FrameDecoder::default();
            let length = u32::try_from(cap + 1).unwrap();
            decoder.push(&[length.to_le_bytes().as_slice(), &[kind.byte()]].concat());
            assert_eq!(decoder.next_frame(), Err(MalformedFrame::TooLong { length: cap + 1, cap }));
            assert!(encode(kind, &vec![0; cap + 1]).is_err());
            decoder = FrameDecoder::default();
            decoder.push(&encode(kind, &vec![7; cap]).unwrap());
            assert_eq!(decoder.next_frame().unwrap().unwrap().body.len(), cap);
        }
    }

    #[test]
    fn a_kind_that_does_not_exist_ends_the_channel() {
        let mut decoder = FrameDecoder::default();
        decoder.push(&[0, 0, 0, 0, 8]);
        assert_eq!(decoder.next_frame(), Err(MalformedFrame::Kind(8)));
    }

    #[test]
    fn bodies_that_are_too_short_or_say_something_else_are_none() {
        for body in [&[][..], &[0; 12], &[0; 8]] {
            assert_eq!(Blob::read(body), Err(MalformedFrame::Body));
        }
        let mut body = Blob { request: 1, part: 0, last: true, bytes: vec![1] }.write();
        body[12] = 2;
        assert_eq!(Blob::read(&body), Err(MalformedFrame::Body));
        for length in [0, 11, 13] {
            assert_eq!(Credit::read(&vec![0; length]), Err(MalformedFrame::Body));
        }
    }

    proptest! {
        /// However the bytes are cut: the same frames come out, in order.
        #[test]
        fn frames_come_out_as_they_went_in(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            piece in 1_usize..20,
        ) {
            let sent: Vec<Frame> =
                bodies.into_iter().map(|body| Frame { kind: FrameKind::Response, body }).collect();
            let bytes: Vec<u8> =
                sent.iter().flat_map(|frame| encode(frame.kind, &frame.body).unwrap()).collect();
            let mut decoder = FrameDecoder::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(piece) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    found.push(frame);
                }
            }
            prop_assert_eq!(found, sent);
        }

        #[test]
        fn parts_and_credits_come_out_as_they_went_in(
            request: u64, part: u32, last: bool, bytes: Vec<u8>, more: u32,
        ) {
            let blob = Blob { request, part, last, bytes };
            prop_assert_eq!(Blob::read(&blob.write()), Ok(blob.clone()));
            let credit = Credit { request, bytes: more };
            prop_assert_eq!(Credit::read(&credit.write()), Ok(credit));
        }

        /// Hostile bytes make no panic and no memory that was not sent.
        #[test]
        fn any_bytes_are_frames_or_an_error(bytes: Vec<u8>) {
            let mut decoder = FrameDecoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.next_frame() {}
        }
    }
}
