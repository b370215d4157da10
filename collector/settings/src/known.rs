//! Names of all sections and keys, of every role: one file may serve them all, and a misspelt key is an error in each.
//!
//! A role checks its own sections by their types. Those of other roles it knows by name only, from `keys.txt`, so that the
//! collector need not link the analyzer. A test holds that list against the types (`tests/e2e/configuration`).

use crate::words::{section_of, unknown_key, unknown_section};
use crate::{SettingsError, tree::Tree};

/// A line a key, as `http.listen`; `notify[].url` of a list of sections; `transport.kafka.*` where any name will do.
const KEYS: &str = include_str!("../keys.txt");

fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.lines().filter(|line| !line.is_empty())
}

/// `[[notify]]`, as opposed to `[http]`.
pub fn is_list(section: &str) -> bool {
    keys().any(|key| key.strip_prefix(section).is_some_and(|rest| rest.starts_with("[].")))
}

/// Where any name will do, so that a dot in it parts no tables: `transport.kafka`.
pub fn is_map(path: &str) -> bool {
    keys().any(|key| key.strip_suffix(".*") == Some(path))
}

/// In the order of the list, each once.
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = keys().filter_map(|key| key.split(['.', '[']).next()).collect();
    sections.dedup();
    sections
}

/// Keys that stand directly in `path`, a section or a table within one.
pub fn keys_of(path: &str) -> Vec<&'static str> {
    let inner =
        |key: &'static str| key.strip_prefix(path)?.strip_prefix("[]").or(key.strip_prefix(path))?.strip_prefix('.');
    let mut found: Vec<_> = keys().filter_map(inner).filter_map(|key| key.split('.').next()).collect();
    found.dedup();
    found
}

/// Sections that hold this key.
pub fn sections_with(key: &str) -> Vec<&'static str> {
    sections().into_iter().filter(|section| keys_of(section).contains(&key)).collect()
}

/// The first section of the file that no role has, or key that another role's section has not. `own`: sections whose keys
/// the caller's types check.
pub fn check(tree: &Tree, own: &[&str]) -> Result<(), SettingsError> {
    let wrong = |key: &str, what| Err(SettingsError::new(tree.place_of(key), what));
    let sections = known_sections(own);
    if let Some((name, value)) = tree.table.iter().find(|(name, _)| !sections.contains(&name.as_str())) {
        return wrong(name, unknown_section(name, &sections, value.is_table()));
    }
    let mut others = tree.keys().filter(|key| !own.contains(&section_of(key)));
    match others.find_map(|key| Some((key, unknown(key)?))) {
        Some((key, what)) => wrong(key, what),
        None => Ok(()),
    }
}

pub fn known_sections<'a>(own: &[&'a str]) -> Vec<&'a str> {
    let more = own.iter().copied().filter(|own| !sections().contains(own));
    sections().into_iter().chain(more).collect()
}

/// What is wrong with a key of the file, `notify[1].urll` say.
pub fn unknown(key: &str) -> Option<String> {
    let plain = without_indices(key);
    let (parent, name) = plain.rsplit_once('.')?;
    if is_map(parent) || parent.match_indices('.').any(|(end, _)| is_map(&parent[..end])) {
        return None;
    }
    let known = keys_of(parent);
    // A parent without known keys is unknown itself, and was told of before, or holds a plain value.
    (!known.is_empty() && !known.contains(&name)).then(|| unknown_key(parent, name, &known))
}

fn without_indices(key: &str) -> String {
    key.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, own: &[&str]) -> Result<(), String> {
        check(&Tree::parse("f", text).unwrap(), own).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_of_other_roles_are_checked_by_name() {
        let well = "[http]\nlisten = 1\n[[notify]]\nurl = 2\n[transport.kafka]\n'any.thing' = 3\n[collector.labels]\nrack = 4\n[collector.rates]\nfast_ms = 5\n";
        assert_eq!(check_text(well, &[]), Ok(()));
        for (text, words) in [
            ("[http]\n\nlistn = 1\n", &["f:3: ", "[http]", "`listn`", "did you mean `listen`?"][..]),
            ("[[notify]]\nurl = 1\n[[notify]]\nurll = 1\n", &["f:4: ", "[[notify]]", "did you mean `url`?"]),
            ("[collector.rates]\nfast = 1\n", &["f:2: ", "[collector.rates]", "did you mean `fast_ms`?"]),
            ("[collector]\nrates = { fast = 1 }\n", &["f:2: ", "did you mean `fast_ms`?"]),
            ("[analyzer]\nlisten = 1\n", &["f:2: ", "it is a key of [collector] and of [http]"]),
            ("\n[colector]\n", &["f:2: ", "unknown section `colector`", "did you mean `collector`?"]),
            ("listen = 1\n", &["f:1: ", "`listen` stands in no section", "[http]"]),
        ] {
            let error = check_text(text, &[]).unwrap_err();
            words.iter().for_each(|word| assert!(error.contains(word), "{text:?}: no {word:?} in {error:?}"));
        }
    }

    #[test]
    fn the_callers_own_sections_are_left_to_its_types() {
        assert_eq!(check_text("[http]\nnew = 1\n[brandnew]\nkey = 1\n", &["http", "brandnew"]), Ok(()));
    }
}
