//! What is remembered of every port of a fabric, in few bytes: numbers in 16 bits, ticks in 32.
//!
//! A number of 32 bits has 8 bits of exponent and 23 of fraction behind one of sign. Here the sign is left out, 13 bits of the
//! fraction too, and the exponents outside of −10 … 53:
//!
//! ```text
//! 0.001 … 9 · 10¹⁵, to one part in 2,000       338,127.0 µs  →  338,176        0.0003  →  0        not told  →  not told
//! ```
//! The codes of two numbers are in the same order as the numbers.

use serde::{Deserialize, Serialize};

/// Bits of the fraction that are left out.
const SHIFT: u32 = 13;
/// 2⁻¹⁰. Below it is 0, whose code lies one below.
const LEAST: f32 = 1.0 / 1024.0;
const ZERO: u32 = (LEAST.to_bits() >> SHIFT) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Short(u16);

impl Short {
    /// A number that is not known; above all that are.
    pub const UNKNOWN: Short = Short(u16::MAX);
    pub const NOUGHT: Short = Short(0);

    /// The nearest to a number; of one below 0 it is 0. `None` or NaN is not known.
    pub fn of(value: Option<f32>) -> Short {
        match value {
            Some(value) if value < LEAST => Short::NOUGHT,
            Some(value) if !value.is_nan() => {
                let rounded = (value.to_bits() + (1 << (SHIFT - 1))) >> SHIFT;
                Short((rounded - ZERO).min(u32::from(u16::MAX) - 1) as u16)
            }
            _ => Short::UNKNOWN,
        }
    }

    /// The 16 bits, 0 for nought; and the number of such bits.
    pub fn code(self) -> u16 {
        self.0
    }

    pub fn of_code(code: u16) -> Short {
        Short(code)
    }

    pub fn get(self) -> Option<f32> {
        match self {
            Short::UNKNOWN => None,
            Short::NOUGHT => Some(0.0),
            Short(code) => Some(f32::from_bits((u32::from(code) + ZERO) << SHIFT)),
        }
    }
}

/// A tick by the lower half of its index. It is known again by any later tick that is less than 2³² away: 136 years at 1 Hz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortTick(u32);

impl ShortTick {
    pub fn of(tick: i64) -> ShortTick {
        ShortTick(tick as u32)
    }

    /// Its index, which is no greater than that of the tick `now`.
    pub fn seen_from(self, now: i64) -> i64 {
        now - i64::from((now as u32).wrapping_sub(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_good_to_one_part_in_2000_and_in_order() {
        let mut before = Short::NOUGHT;
        for value in [0.001, 0.5, 1.0, 3.0, 999.0, 1e6, 3.7e9, 1e15] {
            let kept = Short::of(Some(value));
            let got = kept.get().expect("a number");
            assert!((got - value).abs() <= value / 2_000.0 && kept > before, "{value} {got}");
            before = kept;
        }
        assert_eq!([0.0, 0.0003, -7.0].map(|value| Short::of(Some(value)).get()), [Some(0.0); 3]);
        assert_eq!([None, Some(f32::NAN)].map(|value| Short::of(value).get()), [None; 2]);
        assert!([f32::MAX, f32::INFINITY].into_iter().all(|value| Short::of(Some(value)) < Short::UNKNOWN));
    }

    #[test]
    fn a_tick_is_known_again_by_a_later_one() {
        for (tick, now) in [(7, 7), (-3, 12), (0xffff_ffff, 0x1_0000_0005), (1_700_000_000_000, 1_700_000_900_000)] {
            assert_eq!(ShortTick::of(tick).seen_from(now), tick);
        }
    }
}
