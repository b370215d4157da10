//! Keys and values of all sources together, each key with the place that said it.

use crate::words::plainly;
use crate::{SettingsError, known};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// One key from a source that writes values as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// `WEFT_HTTP_LISTEN` or `--listen`.
    pub place: String,
    /// `["http", "listen"]`.
    pub path: Vec<String>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Tree {
    /// Where nothing else is known to stand: the file's name, or `defaults`.
    pub place: String,
    pub table: Table,
    /// By the key's whole path, as `http.listen` or `notify[1].url`.
    places: BTreeMap<String, String>,
}

impl Tree {
    /// `place` names the text in errors.
    pub fn parse(place: &str, text: &str) -> Result<Tree, SettingsError> {
        let at = |span: Option<std::ops::Range<usize>>| format!("{place}:{}", line_of(text, span));
        let wrong = |error: toml::de::Error| SettingsError::new(&at(error.span()), plainly(error.message()));
        let spanned = DeTable::parse(text).map_err(wrong)?;
        let table = toml::from_str(text).map_err(wrong)?;
        let mut places = BTreeMap::new();
        walk(spanned.get_ref(), "", &mut |key, span| {
            places.insert(key, at(Some(span)));
        });
        Ok(Tree { place: place.to_owned(), table, places })
    }

    /// The text takes the place of what an earlier source said of this key. Its type is found later.
    pub fn set(&mut self, given: &Given, value: Value) {
        let mut name = String::new();
        let mut at = &mut self.table;
        let Some((last, parents)) = given.path.split_last() else { return };
        for (depth, key) in parents.iter().enumerate() {
            join(&mut name, key);
            let is_list = depth == 0 && known::is_list(key);
            let empty = || if is_list { Value::Array(Vec::new()) } else { Value::Table(Table::new()) };
            if !at.contains_key(key) {
                self.places.insert(name.clone(), given.place.clone());
            }
            let mut inner = at.entry(key.clone()).or_insert_with(empty);
            // Variables speak of the first of several: `WEFT_NOTIFY_URL` is `url` of the first `[[notify]]`.
            if let Value::Array(list) = inner {
                name.push_str("[0]");
                if list.is_empty() {
                    list.push(Value::Table(Table::new()));
                }
                inner = &mut list[0];
            }
            let Value::Table(table) = inner else { return };
            at = table;
        }
        join(&mut name, last);
        at.insert(last.clone(), value);
        self.places.insert(name, given.place.clone());
    }

    /// Of the key itself, else of what it stands in.
    pub fn place_of(&self, key: &str) -> &str {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return place;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return &self.place,
            }
        }
    }

    /// All keys of the file, outer before inner.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }
}

fn join(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

fn walk(table: &DeTable<'_>, path: &str, tell: &mut impl FnMut(String, std::ops::Range<usize>)) {
    for (key, value) in table {
        let mut path = path.to_owned();
        join(&mut path, key.get_ref());
        tell(path.clone(), key.span());
        match value.get_ref() {
            DeValue::Table(inner) => walk(inner, &path, tell),
            DeValue::Array(list) => {
                for (index, element) in list.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    tell(path.clone(), element.span());
                    if let DeValue::Table(inner) = element.get_ref() {
                        walk(inner, &path, tell);
                    }
                }
            }
            _ => {}
        }
    }
}

/// From 1. A line ends at its line feed, with or without a carriage return before it.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_knows_its_line() {
        let text = "[http]\r\nlisten = 'a'\r\n\r\n[[notify]]\r\nurl = 'b'\r\n[[notify]]\r\nurl = 'c'\r\n[a.b]\r\nc = [1,\r\n2]\r\n";
        let tree = Tree::parse("f", text).unwrap();
        for (key, place) in [
            ("http.listen", "f:2"),
            ("http.absent", "f:1"),
            ("notify[0].url", "f:5"),
            ("notify[1].url", "f:7"),
            ("notify[1].name", "f:6"),
            ("a.b.c[1]", "f:10"),
            ("nowhere", "f"),
        ] {
            assert_eq!(tree.place_of(key), place, "{key}");
        }
    }

    #[test]
    fn what_is_set_later_stands_in_the_place_of_the_earlier() {
        let mut tree = Tree::parse("f", "[http]\nlisten = 'a'\n").unwrap();
        let path = vec!["http".to_owned(), "listen".to_owned()];
        let given = Given { place: "WEFT_HTTP_LISTEN".into(), path, text: "b".into() };
        tree.set(&given, Value::String(given.text.clone()));
        assert_eq!(tree.place_of("http.listen"), "WEFT_HTTP_LISTEN");
        assert_eq!(tree.table["http"]["listen"].as_str(), Some("b"));
    }
}
