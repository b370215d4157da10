//! Text of sysfs files to numbers. Pure.

/// A decimal number and perhaps a newline; `None` for anything else.
pub fn uint(line: &[u8]) -> Option<u64> {
    let digits = line.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// `4: ACTIVE` → 4.
pub fn ib_state(text: &str) -> Option<u64> {
    uint(text.split(':').next()?.as_bytes())
}

/// What `speed` of an interface says, in Mbit/s; `None` where it is unknown. Interfaces that are down or have no speed say
/// −1, which drivers and tools turned into 65535 (16 bits) and 4294967295 (32 bits); ethtool calls those and 0 unknown too.
pub fn speed_mbps(text: &str) -> Option<u64> {
    uint(text.as_bytes()).filter(|mbps| (1..u64::from(u32::MAX)).contains(mbps) && *mbps != u64::from(u16::MAX))
}

/// What a link has trained to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IbRate {
    pub gigabits: f64,
    /// Lanes; `None` where the text names none.
    pub width: Option<u64>,
}

impl IbRate {
    pub fn bps(&self) -> i64 {
        (self.gigabits * 1e9).round() as i64
    }
}

/// `400 Gb/sec (4X NDR)`, `2.5 Gb/sec (1X SDR)`. An empty socket says `0 GB/sec`, which is no rate.
pub fn ib_rate(text: &str) -> Option<IbRate> {
    let (gigabits, rest) = text.trim().split_once(" Gb/sec")?;
    // Digits and a point alone: a float's parser also takes `inf`, `nan` and `1e9`.
    let is_decimal = gigabits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let gigabits: f64 = gigabits.parse().ok().filter(|gigabits| is_decimal && *gigabits > 0.0)?;
    let lanes = rest.trim().strip_prefix('(').and_then(|r| r.split_once('X')).and_then(|(w, _)| uint(w.as_bytes()));
    Some(IbRate { gigabits, width: lanes.filter(|lanes| *lanes > 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_what_is_none() {
        assert_eq!(uint(b"18446744073709551615\n"), Some(u64::MAX));
        assert_eq!(uint(b"0"), Some(0));
        for bad in ["", "\n", "N/A (no PMA)", "-1", "18446744073709551616", "1 2", "0x10"] {
            assert_eq!(uint(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn states_and_rates() {
        assert_eq!(ib_state("4: ACTIVE"), Some(4));
        assert_eq!(ib_state("<unknown>"), None);
        assert_eq!(ib_rate("400 Gb/sec (4X NDR)"), Some(IbRate { gigabits: 400.0, width: Some(4) }));
        assert_eq!(ib_rate("2.5 Gb/sec (1X SDR)"), Some(IbRate { gigabits: 2.5, width: Some(1) }));
        assert_eq!(ib_rate("100 Gb/sec"), Some(IbRate { gigabits: 100.0, width: None }));
        assert_eq!(ib_rate("50 Gb/sec (2X EDR)\r\n"), Some(IbRate { gigabits: 50.0, width: Some(2) }));
        assert_eq!(ib_rate("10 Gb/sec (0X)"), Some(IbRate { gigabits: 10.0, width: None }));
        for none in
            ["fast", "", "0 GB/sec", "0 Gb/sec", "0.0 Gb/sec (4X)", "-10 Gb/sec", "inf Gb/sec", "1e3 Gb/sec (4X)"]
        {
            assert_eq!(ib_rate(none), None, "{none}");
        }
    }

    #[test]
    fn speeds_that_are_none() {
        for (text, mbps) in [("400000\n", 400_000), ("10", 10), ("200000\r\n", 200_000), ("2147483647", 2_147_483_647)]
        {
            assert_eq!(speed_mbps(text), Some(mbps), "{text}");
        }
        for none in ["-1", "0", "65535", "4294967295", "18446744073709551615", "", "\n", "Unknown!", "1e5", "+10"] {
            assert_eq!(speed_mbps(none), None, "{none:?}");
        }
    }
}
