//! The known name that a misspelt one was meant to be: a key of a configuration, a column or table of SQL.

/// The closest of `names`, letters' case aside, if few enough of its letters differ to have been meant. No suggestion is
/// better than a far one.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length > 100 {
        return None;
    }
    let most = match length {
        0..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let scored = names.into_iter().filter_map(|name| {
        let lower = name.to_lowercase();
        let distance = strsim::osa_distance(&word, &lower);
        (distance <= most || goes_on(&word, &lower)).then_some((distance, name))
    });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// `rx_bytes_total` for `rx_bytes`, `bytes` for `rx_bytes`.
fn goes_on(word: &str, name: &str) -> bool {
    let part = |long: &str, short: &str| {
        let rest = long.strip_prefix(short).and_then(|rest| rest.chars().next());
        let ahead = long.strip_suffix(short).and_then(|ahead| ahead.chars().last());
        short.len() >= 4 && (rest == Some('_') || ahead == Some('_'))
    };
    part(word, name) || part(name, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_have_been_meant_is_offered() {
        let columns =
            ["device", "port", "ts", "ts_ns", "rx_bytes", "tx_bytes", "symbol_errors", "state", "tier", "epoch"];
        for (word, expected) in [
            ("Device", Some("device")),
            ("devcie", Some("device")),
            ("rx_byte", Some("rx_bytes")),
            ("RX_BYTES_TOTAL", Some("rx_bytes")),
            ("bytes", Some("rx_bytes")),
            ("symbol_error", Some("symbol_errors")),
            ("host", None),
            ("hostname", None),
            ("time", None),
            ("speed", None),
            ("rank", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, columns), expected, "{word}");
        }
    }
}
