//! Paths: read from text, joined from the prefix and path of an update, and lengthened by the members of a JSON value.

use super::proto::gnmi::{Path, PathElem};
use std::borrow::Cow;
use std::collections::HashMap;

/// One element of a path. A list's entry has a key: `interface[name=Ethernet1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elem<'a> {
    pub name: Cow<'a, str>,
    pub key: Option<Cow<'a, str>>,
}

impl Elem<'_> {
    pub fn named(name: &str) -> Elem<'_> {
        Elem { name: name.into(), key: None }
    }
}

/// The elements of `prefix` and then of `path`. A list with several keys has them joined by a comma, in order of their names.
pub fn joined<'a>(prefix: Option<&'a Path>, path: Option<&'a Path>) -> Vec<Elem<'a>> {
    prefix.into_iter().chain(path).flat_map(elements).collect()
}

fn elements(path: &Path) -> Vec<Elem<'_>> {
    // Targets from before gNMI 0.4 send plain strings.
    #[allow(deprecated, reason = "old targets send it")]
    if path.elem.is_empty() {
        return path.element.iter().map(|name| Elem::named(name)).collect();
    }
    path.elem.iter().map(elem).collect()
}

fn elem(elem: &PathElem) -> Elem<'_> {
    let key = match elem.key.len() {
        0 => None,
        1 => elem.key.values().next().map(|key| Cow::Borrowed(key.as_str())),
        _ => {
            let mut keys: Vec<_> = elem.key.iter().collect();
            keys.sort_unstable();
            let values: Vec<&str> = keys.into_iter().map(|(_, value)| value.as_str()).collect();
            Some(Cow::Owned(values.join(",")))
        }
    };
    Elem { name: elem.name.as_str().into(), key }
}

/// Reads `interfaces/interface[name=*]/state`; an error says what is wrong with it.
pub fn parse(text: &str) -> Result<Path, String> {
    let mut elem = Vec::new();
    for part in split(text.trim_matches('/')) {
        let (name, keys) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if name.is_empty() {
            return Err(format!("{text:?} has an element without a name"));
        }
        elem.push(PathElem { name: name.to_owned(), key: parse_keys(keys).ok_or_else(|| wrong_key(text, part))? });
    }
    Ok(Path { elem, ..Path::default() })
}

fn wrong_key(text: &str, part: &str) -> String {
    format!("{text:?}: the key of {part:?} is not written as [name=value]")
}

/// At slashes outside brackets: an interface may be called `1/1/3`.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut is_key) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        is_key = c == '[' || (is_key && c != ']');
        if c == '/' && !is_key {
            parts.push(&text[begin..at]);
            begin = at + 1;
        }
    }
    parts.push(&text[begin..]);
    parts
}

fn parse_keys(mut text: &str) -> Option<HashMap<String, String>> {
    let mut keys = HashMap::new();
    while !text.is_empty() {
        let (key, rest) = text.strip_prefix('[')?.split_once(']')?;
        let (name, value) = key.split_once('=')?;
        keys.insert(name.to_owned(), value.to_owned());
        text = rest;
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_path_and_slashes_in_keys_split_nothing() {
        let path = parse("/interfaces/interface[name=1/1/3]/state").unwrap();
        let elems = joined(None, Some(&path));
        let said: Vec<_> = elems.iter().map(|e| (&*e.name, e.key.as_deref())).collect();
        assert_eq!(said, [("interfaces", None), ("interface", Some("1/1/3")), ("state", None)]);
        for (text, why) in [("a//b", "without a name"), ("a[name]", "[name=value]"), ("a[name=x", "[name=value]")] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_prefix_goes_before_the_path_and_old_targets_send_plain_strings() {
        let prefix = parse("interfaces").unwrap();
        #[allow(deprecated)]
        let path = Path { element: vec!["interface".into(), "state".into()], ..Path::default() };
        let names: Vec<_> = joined(Some(&prefix), Some(&path)).into_iter().map(|e| e.name.into_owned()).collect();
        assert_eq!(names, ["interfaces", "interface", "state"]);
    }
}
