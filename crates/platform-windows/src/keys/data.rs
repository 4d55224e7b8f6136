//! Bytes of a value as what its type says, and back. Pure.

use portcullis_model::{Source, Untrusted};
use portcullis_platform::RegistryData;

/// The types (`winnt.h`).
const SZ: u32 = 1;
const EXPAND_SZ: u32 = 2;
const BINARY: u32 = 3;
const DWORD: u32 = 4;
const DWORD_BIG_ENDIAN: u32 = 5;
const MULTI_SZ: u32 = 7;
const QWORD: u32 = 11;

/// What is not what its type says is told as bytes.
pub(super) fn of(kind: u32, bytes: Vec<u8>) -> RegistryData {
    let small = <[u8; 4]>::try_from(bytes.as_slice());
    let large = <[u8; 8]>::try_from(bytes.as_slice());
    match (kind, small, large) {
        (SZ, ..) => RegistryData::Text(first(&units(&bytes))),
        (EXPAND_SZ, ..) => RegistryData::ExpandText(first(&units(&bytes))),
        (MULTI_SZ, ..) => {
            let units = units(&bytes);
            let texts = units.split(|unit| *unit == 0).take_while(|text| !text.is_empty());
            RegistryData::Texts(texts.map(untrusted).collect())
        }
        (DWORD, Ok(bytes), _) => RegistryData::Number(u32::from_le_bytes(bytes)),
        (DWORD_BIG_ENDIAN, Ok(bytes), _) => RegistryData::Number(u32::from_be_bytes(bytes)),
        (QWORD, _, Ok(bytes)) => RegistryData::LongNumber(u64::from_le_bytes(bytes)),
        (BINARY, ..) => RegistryData::Binary(bytes),
        _ => RegistryData::Other(kind, bytes),
    }
}

/// The type and the bytes that stand for these data.
pub(super) fn bytes(data: &RegistryData) -> (u32, Vec<u8>) {
    let ended = |text: &Untrusted| text.raw().encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    match data {
        RegistryData::Text(text) => (SZ, ended(text)),
        RegistryData::ExpandText(text) => (EXPAND_SZ, ended(text)),
        RegistryData::Texts(texts) => (MULTI_SZ, texts.iter().flat_map(ended).chain([0, 0]).collect()),
        RegistryData::Number(number) => (DWORD, number.to_le_bytes().to_vec()),
        RegistryData::LongNumber(number) => (QWORD, number.to_le_bytes().to_vec()),
        RegistryData::Binary(bytes) => (BINARY, bytes.clone()),
        RegistryData::Other(kind, bytes) => (*kind, bytes.clone()),
    }
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?))).collect()
}

/// Up to the NUL, which may be missing.
fn first(units: &[u16]) -> Untrusted {
    untrusted(units.split(|unit| *unit == 0).next().unwrap_or_default())
}

fn untrusted(units: &[u16]) -> Untrusted {
    Untrusted::new(Source::System, String::from_utf16_lossy(units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_what_their_type_says_or_bytes() {
        let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let text = |text: &str| Untrusted::new(Source::System, text);
        for (kind, bytes, told) in [
            (SZ, wide("a\0b"), RegistryData::Text(text("a"))),
            (SZ, wide("no end"), RegistryData::Text(text("no end"))),
            (EXPAND_SZ, wide("%x%\0"), RegistryData::ExpandText(text("%x%"))),
            (MULTI_SZ, wide("a\0b\0\0"), RegistryData::Texts(vec![text("a"), text("b")])),
            (MULTI_SZ, wide("\0"), RegistryData::Texts(Vec::new())),
            (DWORD, vec![1, 2, 0, 0], RegistryData::Number(513)),
            (DWORD_BIG_ENDIAN, vec![0, 0, 2, 1], RegistryData::Number(513)),
            (DWORD, vec![1], RegistryData::Other(DWORD, vec![1])),
            (QWORD, vec![1, 0, 0, 0, 1, 0, 0, 0], RegistryData::LongNumber((1 << 32) + 1)),
            (BINARY, vec![255], RegistryData::Binary(vec![255])),
            (0, Vec::new(), RegistryData::Other(0, Vec::new())),
        ] {
            assert_eq!(of(kind, bytes), told);
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let text = |text: &str| Untrusted::new(Source::System, text);
        for data in [
            RegistryData::Text(text("Zürich 😀")),
            RegistryData::Text(text("")),
            RegistryData::ExpandText(text("%x%")),
            RegistryData::Texts(vec![text("a"), text("b c")]),
            RegistryData::Texts(Vec::new()),
            RegistryData::Number(u32::MAX),
            RegistryData::LongNumber(1 << 40),
            RegistryData::Binary(vec![0, 255]),
            RegistryData::Other(0, vec![1]),
        ] {
            let (kind, bytes) = bytes(&data);
            assert_eq!(of(kind, bytes), data);
        }
        assert_eq!(bytes(&RegistryData::Text(text("a"))), (SZ, vec![b'a', 0, 0, 0]));
        assert_eq!(bytes(&RegistryData::Texts(vec![text("a")])), (MULTI_SZ, vec![b'a', 0, 0, 0, 0, 0]));
    }
}
