//! Walks netlink attributes without copying. Damaged bytes end the walk; they never panic.

use netlink_packet_core::NLA_TYPE_MASK;

const HEADER: usize = 4;

/// `(type, value)` of each attribute.
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let length = usize::from(u16_at(self.0, 0)?);
        let kind = u16_at(self.0, 2)? & NLA_TYPE_MASK;
        let value = self.0.get(HEADER..length)?;
        self.0 = self.0.get(length.next_multiple_of(HEADER)..).unwrap_or_default();
        Some((kind, value))
    }
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A NUL-terminated string. The kernel takes any bytes for an interface's name: those that are no UTF-8 become U+FFFD.
pub fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_padded_attributes_and_stops_at_damage() {
        let mut bytes = vec![7, 0, 3, 0, b'e', b'0', 0, 0];
        bytes.extend([5, 0, 33, 0x80, 1, 0, 0, 0]);
        let seen: Vec<_> = Attributes(&bytes).collect();
        assert_eq!(seen, [(3, &b"e0\0"[..]), (33, &[1][..])]);
        assert_eq!(text(seen[0].1), "e0");
        assert_eq!(text(b"b\xe9n\0"), "b\u{fffd}n", "Latin-1 is still a name");
        bytes[8] = 200;
        assert_eq!(Attributes(&bytes).count(), 1, "a length beyond the end");
        bytes[0] = 2;
        assert_eq!(Attributes(&bytes).count(), 0, "a length below the header");
    }
}
