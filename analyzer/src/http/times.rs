//! Times in the bodies of requests.

use super::ApiError;
use jiff::Timestamp;
use serde_json::Value;

/// Ns since 1970: of RFC 3339 with a zone (`2026-11-30T18:00:00Z`), or of such a number. `key`: the field that holds it.
pub fn time(key: &str, value: &Value) -> Result<i64, ApiError> {
    let wrong = || {
        ApiError::bad_request(format!("`{key}` is {value}, which is no time"))
            .hint("write RFC 3339 with a zone (2026-11-30T18:00:00Z), or ns since 1970 as a number")
    };
    let ns = match value {
        Value::Number(ns) => ns.as_i64(),
        Value::String(text) => text.parse::<Timestamp>().ok().and_then(|time| i64::try_from(time.as_nanosecond()).ok()),
        _ => None,
    };
    ns.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_time_is_rfc_3339_with_a_zone_or_ns() {
        let table = [
            (json!("1970-01-01T00:00:01Z"), Some(1_000_000_000)),
            (json!("1970-01-01T01:00:01+01:00"), Some(1_000_000_000)),
            (json!(7), Some(7)),
            (json!("1970-01-01T00:00:01"), None),
            (json!("soon"), None),
            (json!(1.5), None),
            (json!(null), None),
        ];
        for (value, expected) in table {
            assert_eq!(time("from", &value).ok(), expected, "{value}");
        }
    }
}
