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

/// `400 Gb/sec (4X NDR)`, `2.5 Gb/sec (1X SDR)`.
pub fn ib_rate(text: &str) -> Option<IbRate> {
    let (gigabits, rest) = text.split_once(" Gb/sec")?;
    let gigabits: f64 = gigabits.trim().parse().ok()?;
    let width = rest.trim().strip_prefix('(').and_then(|r| r.split_once('X')).and_then(|(w, _)| uint(w.as_bytes()));
    Some(IbRate { gigabits, width })
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
        assert_eq!(ib_rate("fast"), None);
    }
}
