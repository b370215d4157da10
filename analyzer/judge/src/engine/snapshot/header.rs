//! What stands before the content of a snapshot, so that one that is no snapshot, of another version, cut off or damaged
//! is known before anything of it is believed.
//!
//! ```text
//! 0        8         12       20         28
//! | magic  | version | length | checksum | content …      numbers are little-endian; the checksum is xxh3 of the content
//! ```

use super::SnapshotError;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: [u8; 8] = *b"weftjudg";
const VERSION_AT: usize = MAGIC.len();
const LENGTH_AT: usize = VERSION_AT + size_of::<u32>();
const CHECKSUM_AT: usize = LENGTH_AT + size_of::<u64>();
const CONTENT_AT: usize = CHECKSUM_AT + size_of::<u64>();

/// Room for a header, to which the content is appended and which [`seal`] fills in.
pub fn open() -> Vec<u8> {
    vec![0; CONTENT_AT]
}

/// Fills in the header of a content that is complete.
pub fn seal(mut snapshot: Vec<u8>, version: u32) -> Vec<u8> {
    let content = &snapshot[CONTENT_AT..];
    let (length, checksum) = (content.len() as u64, xxh3_64(content));
    snapshot[..VERSION_AT].copy_from_slice(&MAGIC);
    snapshot[VERSION_AT..LENGTH_AT].copy_from_slice(&version.to_le_bytes());
    snapshot[LENGTH_AT..CHECKSUM_AT].copy_from_slice(&length.to_le_bytes());
    snapshot[CHECKSUM_AT..CONTENT_AT].copy_from_slice(&checksum.to_le_bytes());
    snapshot
}

/// The content of a snapshot of this version, whole and as it was written.
pub fn content(snapshot: &[u8], version: u32) -> Result<&[u8], SnapshotError> {
    let (header, content) = snapshot.split_at_checked(CONTENT_AT).ok_or(SnapshotError::Foreign)?;
    if header[..VERSION_AT] != MAGIC {
        return Err(SnapshotError::Foreign);
    }
    let found = number(&header[VERSION_AT..LENGTH_AT]) as u32;
    if found != version {
        return Err(SnapshotError::Version { found, read: version });
    }
    let length = number(&header[LENGTH_AT..CHECKSUM_AT]);
    if length != content.len() as u64 {
        return Err(SnapshotError::Torn { length, found: content.len() as u64 });
    }
    if number(&header[CHECKSUM_AT..CONTENT_AT]) != xxh3_64(content) {
        return Err(SnapshotError::Damaged);
    }
    Ok(content)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
