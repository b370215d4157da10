//! The header `Retry-After`: how long a receiver asks to be left alone (RFC 9110, section 10.2.3).

use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// A receiver is left alone for at most this long, whatever it asks for: an alert that comes later helps nobody.
const LONGEST: Duration = Duration::from_secs(3600);

/// The longest wait that the headers ask for. `None` when they ask for none, or for nothing that can be read, or for a
/// time that has passed. `now` is wall time, for an answer that does not carry its own.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    // The receiver's own clock, where it tells it: then a clock that differs from ours does not change the wait.
    let now = headers.get(DATE).and_then(date).unwrap_or(now);
    let waits = headers.get_all(RETRY_AFTER).into_iter().filter_map(|value| wait(value, now));
    waits.max().filter(|wait| !wait.is_zero()).map(|wait| wait.min(LONGEST))
}

fn wait(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    seconds(value).or_else(|| date(value).map(|until| until.duration_since(now).unwrap_or_default()))
}

/// The standard knows whole seconds; some services write fractions of one.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let is_number =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| is_number)?;
    Some(Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, the moment of the standard's own examples.
    const NOW_S: u64 = 784_111_777;

    fn asked(headers: &[(&'static str, &str)]) -> Option<f64> {
        let header = |(name, value): &(&'static str, &str)| {
            (reqwest::header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let mut map = HeaderMap::new();
        headers.iter().map(header).for_each(|(name, value)| {
            map.append(name, value);
        });
        retry_after(&map, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_S)).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn both_forms_are_read_and_bounded() {
        let cases = [
            ("12", Some(12.0)),
            (" 7 ", Some(7.0)),
            ("1.5", Some(1.5)),
            ("0", None),
            ("3600", Some(3600.0)),
            ("86400", Some(3600.0)),
            ("99999999999999999999999999", Some(3600.0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30.0)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30.0)),
            ("Sun Nov  6 08:50:07 1994", Some(30.0)),
            ("Mon, 07 Nov 1994 08:50:07 GMT", Some(3600.0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("-5", None),
            ("+5", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("1.2.3", None),
            (".", None),
            ("", None),
            ("soon", None),
            ("12 s", None),
            ("Sun, 99 Nov 1994 08:50:07 GMT", None),
        ];
        for (value, expected) in cases {
            assert_eq!(asked(&[("retry-after", value)]), expected, "{value:?}");
        }
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn of_several_the_longest_counts() {
        assert_eq!(asked(&[("retry-after", "3"), ("retry-after", "soon"), ("retry-after", "9")]), Some(9.0));
    }

    /// The receiver's clock is an hour behind ours: it asks for 20 s all the same.
    #[test]
    fn a_date_is_measured_by_the_clock_that_wrote_it() {
        let until = ("retry-after", "Sun, 06 Nov 1994 07:49:57 GMT");
        assert_eq!(asked(&[("date", "Sun, 06 Nov 1994 07:49:37 GMT"), until]), Some(20.0));
        assert_eq!(asked(&[("date", "yesterday"), until]), None, "by our own clock it has passed");
    }
}
