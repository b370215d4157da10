//! What devices say and the catalogue has no column for, on purpose: `extra.toml`.

use serde::Deserialize;
use std::sync::OnceLock;

const EXTRA_TOML: &str = include_str!("../../extra.toml");

/// Where a value without a column goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmappedGoes {
    /// A counter: table `extra`, until a catalogue row makes it a column.
    #[default]
    Extra,
    /// No counter: a setting, a text, or something another program computed from counters we read ourselves.
    Nowhere,
}

/// Raw names of one driver that are left out of the catalogue for one reason.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unmapped {
    /// A driver key as in the catalogue, or a pattern of them.
    pub driver: String,
    /// Names or patterns: `*` stands for any text, `#` for a number.
    pub raw: Vec<String>,
    pub why: String,
    #[serde(default)]
    pub goes: UnmappedGoes,
}

impl Unmapped {
    pub fn covers(&self, driver: &str, raw: &str) -> bool {
        matches(&self.driver, driver) && self.raw.iter().any(|pattern| matches(pattern, raw))
    }
}

/// The entry that speaks of this name, if one does. A name neither mapped nor listed goes to `extra` too, and is
/// reported as `unmapped`. The catalogue is asked first: a pattern here may be wider than what is left over.
pub fn unmapped(driver: &str, raw: &str) -> Option<&'static Unmapped> {
    unmapped_list().iter().find(|entry| entry.covers(driver, raw))
}

/// All entries, in the file's order.
pub fn unmapped_list() -> &'static [Unmapped] {
    static LIST: OnceLock<Vec<Unmapped>> = OnceLock::new();
    LIST.get_or_init(|| parse(EXTRA_TOML).expect("the built-in list parses: a unit test says so"))
}

fn parse(text: &str) -> Result<Vec<Unmapped>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        unmapped: Vec<Unmapped>,
    }
    toml::from_str::<File>(text).map(|file| file.unmapped).map_err(|e| e.to_string())
}

/// Linear in the text for each `*`; patterns are ours, never a sender's.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..])),
        '#' => {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && matches(rest, &text[digits..])
        }
        literal => text.strip_prefix(literal).is_some_and(|text| matches(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_parses() {
        for entry in parse(EXTRA_TOML).unwrap() {
            assert!(entry.why.ends_with('.'), "{}: say why in a sentence", entry.driver);
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text, expected) in [
            ("tx_#_pkts", "tx_12_pkts", true),
            ("tx_#_pkts", "tx_x_pkts", false),
            ("tx_#_pkts", "tx_1_pkts_more", false),
            ("a*c", "abc", true),
            ("a*c", "ab", false),
            ("*", "", true),
            ("frames_rx_#b_#b", "frames_rx_65b_127b", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
