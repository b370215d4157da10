//! From a TOML file and the environment to a typed configuration. An unknown key is an error that names the nearest one.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path}: {error}; give the path of a readable TOML file to --config")]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// `place` is `file:line`, or the variable's name.
    #[error("{place}: {what}")]
    Wrong { place: String, what: String },
}

/// `sections` are those whose keys the environment may set: `WEFT_<SECTION>_<KEY>`, `__` for a dot.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    sections: &[&str],
    environment: impl Iterator<Item = (String, String)>,
) -> Result<T, SettingsError> {
    let (name, text) = match file {
        Some(path) => (path.display().to_string(), read(path)?),
        None => ("no file".into(), String::new()),
    };
    let wrong = |error: &toml::de::Error| wrong(&format!("{name}:{}", line_of(&text, error)), error);
    if let Some(error) = unknown_section(&name, &text) {
        return Err(error);
    }
    // Read by itself first: only then does an error know its line.
    let from_file: T = toml::from_str(&text).map_err(|e| wrong(&e))?;
    let mut table: toml::Table = toml::from_str(&text).map_err(|e| wrong(&e))?;
    let mut variables = overrides(sections, environment);
    if variables.is_empty() {
        return Ok(from_file);
    }
    variables.sort();
    for (variable, path, value) in variables {
        set(&mut table, &path, &value);
        T::deserialize(table.clone()).map_err(|e| self::wrong(&variable, &e))?;
    }
    T::deserialize(table).map_err(|e| self::wrong("environment", &e))
}

/// Of all roles: one file may serve them all.
const SECTIONS: [&str; 7] = ["transport", "collector", "analyzer", "http", "dashboard", "notify", "silence"];

fn unknown_section(name: &str, text: &str) -> Option<SettingsError> {
    let table: toml::Table = text.parse().ok()?;
    let unknown = table.keys().find(|key| !SECTIONS.contains(&key.as_str()))?;
    let line = text.lines().position(|line| line.trim_start_matches(['[', ' ']).starts_with(unknown.as_str()));
    let mend = nearest(unknown, &SECTIONS).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
    let what = format!("unknown section `{unknown}`{mend} (known: {})", SECTIONS.join(", "));
    Some(SettingsError::Wrong { place: format!("{name}:{}", line.map_or(1, |line| line + 1)), what })
}

fn read(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable { path: path.to_owned(), error })
}

/// (variable, path of keys, value).
fn overrides(
    sections: &[&str],
    environment: impl Iterator<Item = (String, String)>,
) -> Vec<(String, Vec<String>, String)> {
    let of_section = |variable: &str, section: &str| {
        let key = variable.strip_prefix("WEFT_")?.strip_prefix(&section.to_uppercase())?.strip_prefix('_')?;
        let keys = key.to_lowercase();
        Some(std::iter::once(section).chain(keys.split("__")).map(str::to_owned).collect::<Vec<_>>())
    };
    environment
        .filter_map(|(variable, value)| {
            let path = sections.iter().find_map(|section| of_section(&variable, section))?;
            Some((variable, path, value))
        })
        .collect()
}

/// A value that is no TOML is a string.
fn set(table: &mut toml::Table, path: &[String], value: &str) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
        table.insert(key.clone(), parsed.unwrap_or_else(|| toml::Value::String(value.to_owned())));
        return;
    }
    let inner = table.entry(key.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(inner) = inner {
        set(inner, rest, value);
    }
}

fn wrong(place: &str, error: &toml::de::Error) -> SettingsError {
    let message = error.message();
    let mut what = message.to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(unknown) = quoted.next()
    {
        let known: Vec<&str> = quoted.collect();
        let mend = nearest(unknown, &known).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        what = format!("unknown key `{unknown}`{mend} (known here: {})", known.join(", "));
    }
    SettingsError::Wrong { place: place.to_owned(), what }
}

/// The known name most like the unknown one.
pub fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(unknown, name);
    known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weft.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(&path), &["collector", "transport"], environment)
    }

    #[test]
    fn other_roles_sections_are_not_ours() {
        let config =
            from("[collector]\nid = 'n1'\n[collector.rates]\nfast_ms = 50\n[analyzer]\nwindow_s = 5\n", &[]).unwrap();
        assert_eq!((config.collector.id.as_str(), config.collector.rates.fast_ms), ("n1", 50));
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest() {
        let error = from("[collector]\nid = 'n1'\nflushms = 5\n", &[]).unwrap_err().to_string();
        assert!(error.contains("weft.toml:3: unknown key `flushms`: did you mean `flush_ms`?"), "{error}");
    }

    #[test]
    fn an_unknown_section_names_its_line_and_the_nearest() {
        let error = from("[transport]\n\n[colector]\nid = 'n1'\n", &[]).unwrap_err().to_string();
        assert!(error.contains("weft.toml:3: unknown section `colector`: did you mean `collector`?"), "{error}");
    }

    #[test]
    fn a_wrong_type_names_its_line() {
        let error = from("[collector]\n\nflush_ms = 'often'\n", &[]).unwrap_err().to_string();
        assert!(error.contains("weft.toml:3: invalid type"), "{error}");
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let variables = [("WEFT_COLLECTOR_ID", "n2"), ("WEFT_COLLECTOR_RATES__FAST_MS", "20"), ("WEFT_CACHE", "/x")];
        let config = from("[collector]\nid = 'n1'\n", &variables).unwrap();
        assert_eq!((config.collector.id.as_str(), config.collector.rates.fast_ms), ("n2", 20));
        let error = from("", &[("WEFT_COLLECTOR_IDD", "n2")]).unwrap_err().to_string();
        assert!(error.contains("WEFT_COLLECTOR_IDD: unknown key `idd`: did you mean `id`?"), "{error}");
    }
}
