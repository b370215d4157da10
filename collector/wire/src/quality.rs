//! Why a value is null, or must not be trusted. Null is never zero.

/// What is known of one value. `Read` values carry no flag; a null without a flag is `NotSampled` when the port's
/// profile lists the counter, else `Unsupported`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quality {
    Read = 0,
    NotSampled = 1,
    Unsupported = 2,
    Failed = 3,
    /// The counter stands at its maximum and can rise no more: the value is there, and blind.
    Saturated = 4,
    /// The reading does not fit an Int64 (≥ 2^63): null.
    TooLarge = 5,
}

impl Quality {
    pub fn from_number(number: u8) -> Option<Quality> {
        use Quality::*;
        [Read, NotSampled, Unsupported, Failed, Saturated, TooLarge].into_iter().find(|q| *q as u8 == number)
    }
}

/// One exception in a row's `quality` column: four bytes, `column` little-endian first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityFlag {
    /// Index among the counter columns of the row's own schema.
    pub column: u16,
    /// Element of a list column, 0 for a scalar.
    pub element: u8,
    pub quality: Quality,
}

impl QualityFlag {
    pub const BYTES: usize = 4;

    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let [low, high] = self.column.to_le_bytes();
        [low, high, self.element, self.quality as u8]
    }

    /// The flags of one row; `None` if the bytes are no whole number of flags or name an unknown quality.
    pub fn parse_row(bytes: &[u8]) -> Option<Vec<QualityFlag>> {
        if !bytes.len().is_multiple_of(Self::BYTES) {
            return None;
        }
        bytes
            .chunks_exact(Self::BYTES)
            .map(|b| {
                Some(QualityFlag {
                    column: u16::from_le_bytes([b[0], b[1]]),
                    element: b[2],
                    quality: Quality::from_number(b[3])?,
                })
            })
            .collect()
    }
}
