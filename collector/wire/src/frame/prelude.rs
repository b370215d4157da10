//! The twelve bytes before every message: magic, version, kind, checksum.

use crate::{MAX_FRAME_BYTES, WireError};

const MAGIC: &[u8; 4] = b"WEFT";
pub const PRELUDE: usize = 12;
/// Version of the wire format. Additive changes (new optional fields, new columns) do not raise it.
pub const VERSION: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Frame = 1,
    Inventory = 2,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Frame => "frame",
            Kind::Inventory => "inventory",
        }
    }
}

/// Encodes a message with its prelude in front.
pub fn seal(kind: Kind, body: &impl prost::Message) -> Result<Vec<u8>, WireError> {
    let mut bytes = Vec::with_capacity(PRELUDE + body.encoded_len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, kind as u8, 0, 0, 0, 0, 0, 0]);
    body.encode_raw(&mut bytes);
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(WireError::TooLarge(bytes.len()));
    }
    let checksum = crc32fast::hash(&bytes[PRELUDE..]);
    bytes[8..PRELUDE].copy_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// Checks the prelude and returns the body.
pub fn open(kind: Kind, bytes: &[u8]) -> Result<&[u8], WireError> {
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(WireError::TooLarge(bytes.len()));
    }
    let Some((prelude, body)) = bytes.split_first_chunk::<PRELUDE>().filter(|(p, _)| p.starts_with(MAGIC)) else {
        return Err(WireError::Magic(bytes.iter().take(4).copied().collect()));
    };
    if prelude[4] != VERSION {
        return Err(WireError::Version(prelude[4]));
    }
    if prelude[5] != kind as u8 {
        let found = [Kind::Frame, Kind::Inventory].into_iter().find(|k| *k as u8 == prelude[5]);
        return Err(WireError::Kind(kind.name(), found.map_or("message of unknown kind", Kind::name)));
    }
    let expected = u32::from_le_bytes([prelude[8], prelude[9], prelude[10], prelude[11]]);
    let found = crc32fast::hash(body);
    if found != expected {
        return Err(WireError::Checksum { found, expected });
    }
    Ok(body)
}
