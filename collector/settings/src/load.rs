//! File, then environment, then flags, then checks: the same for every role.

use crate::tree::Tree;
use crate::words::shown;
use crate::{Flags, environment, file, known, typed};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::path::Path;

/// The sections that a role reads, one field each.
pub trait Settings: DeserializeOwned {
    /// Sections whose types refuse an unknown key (`deny_unknown_fields`). Others are checked by the names of their keys.
    const SECTIONS: &'static [&'static str];

    /// What the types cannot say. The first wrong value, with its mend.
    fn check(&self) -> Result<(), Wrong>;
}

/// A wrong value: the key as `http.listen`, what is wrong, how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}")]
pub struct Wrong {
    key: String,
    what: String,
}

impl Wrong {
    pub fn new(key: &str, what: impl ToString) -> Wrong {
        Wrong { key: key.to_owned(), what: what.to_string() }
    }
}

/// For a check that names the key by itself.
impl From<String> for Wrong {
    fn from(what: String) -> Wrong {
        Wrong { key: String::new(), what }
    }
}

/// One wrong thing: where it stands (`weft.toml:12`, `WEFT_HTTP_LISTEN`, `--listen`), what is wrong, how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SettingsError {
    pub place: String,
    pub message: String,
}

impl SettingsError {
    pub(crate) fn new(place: &str, message: impl Into<String>) -> SettingsError {
        SettingsError { place: place.to_owned(), message: message.into() }
    }
}

/// Reads the file, if one is named, under this process's environment and the flags.
pub fn load<T: Settings>(path: Option<&Path>, flags: &Flags) -> Result<T, SettingsError> {
    let (place, text) = match path {
        Some(path) => (path.display().to_string(), file::read(path)?),
        None => ("defaults".into(), String::new()),
    };
    parse(&place, &text, environment::of_process(), flags)
}

/// [`load`] on values: `place` names the text in errors.
pub fn parse<T: Settings>(
    place: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, OsString)>,
    flags: &Flags,
) -> Result<T, SettingsError> {
    let mut tree = Tree::parse(place, text)?;
    known::check(&tree, T::SECTIONS)?;
    let mut given = environment::given(environment, T::SECTIONS)?;
    given.extend(flags.given());
    let settings: T = typed::read(&mut tree, given)?;
    settings.check().map_err(|wrong| {
        let what = if wrong.key.is_empty() { wrong.what } else { format!("{}: {}", shown(&wrong.key), wrong.what) };
        SettingsError::new(tree.place_of(&wrong.key), what)
    })?;
    Ok(settings)
}

/// What is in force, as TOML, secrets hidden: the answer to `--check-config`.
pub fn effective(settings: &impl Serialize) -> String {
    toml::to_string(settings).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
}
