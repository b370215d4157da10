//! Numbers and names as people read them.

use crate::fabric::PortRef;

/// Three significant digits and the unit with its SI prefix: `12.4 Gbit/s`.
pub fn si(value: f64, unit: &str) -> String {
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (scale, prefix) = scales.into_iter().find(|(scale, _)| value.abs() >= *scale).unwrap_or((1.0, ""));
    format!("{} {prefix}{unit}", significant(value / scale, 3))
}

/// A length of time in the unit that suits its size: `154 ms`.
pub fn seconds(value: f64) -> String {
    match value.abs() {
        size if size >= 1.0 => format!("{} s", significant(value, 3)),
        size if size >= 1e-3 => format!("{} ms", significant(value * 1e3, 3)),
        _ => format!("{} µs", significant(value * 1e6, 3)),
    }
}

/// A fraction with two significant digits: `7 %`, `0.43 %`, `0.0012 %`.
pub fn percent(fraction: f64) -> String {
    format!("{} %", significant(fraction * 100.0, if fraction.abs() >= 0.1 { 3 } else { 2 }))
}

/// A small fraction as it stands in a sentence: `12 in a million` below a thousandth, else `0.43 %`.
pub fn fraction(value: f64) -> String {
    match value < 1e-3 {
        true => format!("{:.0} in a million", value * 1e6),
        false => format!("{:.2} %", value * 100.0),
    }
}

/// Without zeros at the end of a fraction.
fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let places = (digits - 1 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A port by its device and own name: `h1 eth0`.
pub fn port(at: Option<&PortRef>) -> String {
    at.map_or_else(String::new, |at| format!("{} {}", at.device, at.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_prefixes_and_no_more_digits_than_they_have() {
        let rates = [(18.34e9, "18.3 Gbit/s"), (1e11, "100 Gbit/s"), (999.0, "999 bit/s"), (0.0, "0 bit/s")];
        rates.into_iter().for_each(|(value, text)| assert_eq!(si(value, "bit/s"), text));
        let parts = [(0.0712, "7.1 %"), (0.5, "50 %"), (0.0043, "0.43 %"), (1.2e-5, "0.0012 %"), (1.0, "100 %")];
        parts.into_iter().for_each(|(value, text)| assert_eq!(percent(value), text));
        let times = [(0.1537, "154 ms"), (2.0, "2 s"), (4e-5, "40 µs")];
        times.into_iter().for_each(|(value, text)| assert_eq!(seconds(value), text));
    }
}
