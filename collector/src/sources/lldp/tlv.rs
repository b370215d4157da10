//! The elements of an LLDP data unit, walked without copying: a type of 7 bits, a length of 9, and so many bytes.

const HEADER: usize = 2;

/// `(type, value)` of each element up to the one that ends the unit, or the end of the frame. An element that claims to go
/// beyond the frame ends the walk with an error, since nothing behind it can be believed.
pub struct Tlvs<'a>(pub &'a [u8]);

/// An element claims more bytes than the frame has.
#[derive(Debug, PartialEq)]
pub struct CutShort;

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<(u8, &'a [u8]), CutShort>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.0);
        let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else { return Some(Err(CutShort)) };
        let header = u16::from_be_bytes(*header);
        let (kind, length) = ((header >> 9) as u8, usize::from(header & 0x1ff));
        if kind == 0 {
            return None;
        }
        let Some((value, rest)) = rest.split_at_checked(length) else { return Some(Err(CutShort)) };
        self.0 = rest;
        Some(Ok((kind, value)))
    }
}

/// Appends an element; what does not fit its nine bits of length is cut off.
pub fn push(unit: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let value = &value[..value.len().min(0x1ff)];
    unit.extend((u16::from(kind) << 9 | value.len() as u16).to_be_bytes());
    unit.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_back_and_padding_behind_the_end_is_left() {
        let mut unit = Vec::new();
        push(&mut unit, 5, b"leaf-1");
        push(&mut unit, 4, b"");
        push(&mut unit, 0, b"");
        unit.extend([0xff; 20]);
        let read: Vec<_> = Tlvs(&unit).map(Result::unwrap).collect();
        assert_eq!(read, [(5, &b"leaf-1"[..]), (4, &b""[..])]);
    }

    #[test]
    fn a_length_beyond_the_frame_ends_the_walk() {
        for unit in [&[0x0a, 6, b'l'][..], &[0x0a][..], &[0x0b, 0xff][..]] {
            assert_eq!(Tlvs(unit).collect::<Vec<_>>(), [Err(CutShort)], "{unit:?}");
        }
    }
}
