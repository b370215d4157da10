//! File, then environment, then checks. Errors name the place and the mend.

use super::Config;
use serde::Deserialize;
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// One wrong thing: where it stands (`weft.toml:12` or `WEFT_HTTP_LISTEN`), what is wrong, how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub place: String,
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Sections the environment may set; `WEFT_NOTIFY_*` sets the first `[[notify]]`.
const SECTIONS: [&str; 4] = ["transport", "analyzer", "http", "notify"];

/// Reads the file, if one is given, under the process's environment.
pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    let (place, text) = match path {
        None => (String::from("defaults"), String::new()),
        Some(path) => {
            let place = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
                place: place.clone(),
                message: format!("{error}; give the path of a readable TOML file to --config"),
            })?;
            (place, text)
        }
    };
    parse(&place, &text, std::env::vars())
}

/// [`load`] on values: `place` names the text in errors.
pub fn parse(
    place: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let config: Config = toml::from_str(text).map_err(|error| describe(place, text, &error))?;
    let mut table: Table = toml::from_str(text).map_err(|error| describe(place, text, &error))?;
    let mut overrides: Vec<_> = environment.into_iter().filter_map(|(name, value)| target(&name, value)).collect();
    overrides.sort_by(|a, b| a.name.cmp(&b.name));
    let config = overrides.into_iter().try_fold(config, |_, over| over.apply(&mut table))?;
    config.check().map_err(|message| ConfigError { place: place.into(), message })?;
    Ok(config)
}

struct Override {
    name: String,
    section: &'static str,
    /// `kafka__linger.ms` is the key `linger.ms` of the table `kafka`, as the collector reads it.
    keys: Vec<String>,
    value: String,
}

fn target(name: &str, value: String) -> Option<Override> {
    let rest = name.strip_prefix("WEFT_")?.to_ascii_lowercase();
    let section =
        SECTIONS.into_iter().find(|section| rest.strip_prefix(*section).is_some_and(|r| r.starts_with('_')))?;
    let keys = rest[section.len() + 1..].split("__").map(str::to_owned).collect();
    Some(Override { name: name.to_owned(), section, keys, value })
}

impl Override {
    /// An environment variable has no type: a text is tried first, then a number, a boolean or a list.
    fn apply(&self, table: &mut Table) -> Result<Config, ConfigError> {
        let as_text = self.with(table, Value::String(self.value.clone()));
        let as_value = toml::from_str::<Table>(&format!("v = {}", self.value)).ok().and_then(|mut t| t.remove("v"));
        let mut candidates = vec![as_text];
        candidates.extend(as_value.map(|value| self.with(table, value)));
        let mut failure = None;
        for candidate in candidates {
            match Config::deserialize(candidate.clone()) {
                Ok(config) => {
                    *table = candidate;
                    return Ok(config);
                }
                Err(error) => failure = Some(error),
            }
        }
        let message = failure.map_or_else(String::new, |error| with_nearest(error.message()));
        Err(ConfigError { place: self.name.clone(), message })
    }

    fn with(&self, table: &Table, value: Value) -> Table {
        let mut table = table.clone();
        let section = match self.section {
            "notify" => {
                let list = table.entry("notify").or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { return table };
                if list.is_empty() {
                    list.push(Value::Table(Table::new()));
                }
                &mut list[0]
            }
            section => table.entry(section).or_insert_with(|| Value::Table(Table::new())),
        };
        if let Value::Table(section) = section {
            set(section, &self.keys, value);
        }
        table
    }
}

fn set(table: &mut Table, keys: &[String], value: Value) {
    let Some((key, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        table.insert(key.clone(), value);
    } else if let Value::Table(inner) = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())) {
        set(inner, rest, value);
    }
}

fn describe(place: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    ConfigError { place: format!("{place}:{line}"), message: with_nearest(error.message()) }
}

/// serde names all fields that it would have known; a person wants the one that was meant.
fn with_nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (true, Some(unknown)) = (message.starts_with("unknown field"), quoted.next()) else {
        return message.to_owned();
    };
    let known: Vec<&str> = quoted.collect();
    let nearest =
        known.iter().max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
    match nearest {
        Some(nearest) => format!("unknown key `{unknown}`; did you mean `{nearest}`? known: {}", known.join(", ")),
        None => format!("unknown key `{unknown}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        parse("weft.toml", text, env).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(check("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn errors_name_the_line_and_the_nearest_key() {
        let cases: &[(&str, &[&str])] = &[
            ("[http]\n\nlistn = \"a\"\n", &["weft.toml:3", "`listn`", "did you mean `listen`"]),
            ("[analyser]\n", &["weft.toml:1", "did you mean `analyzer`"]),
            ("[analyzer]\nwindow_s = \"x\"\n", &["weft.toml:2", "expected u64"]),
            ("[[notify]]\nkind = \"webhook\"\nurll = \"http://a\"\n", &["weft.toml:3", "did you mean `url`"]),
            ("[[notify]]\nkind = \"webhok\"\nurl = \"http://a\"\n", &["weft.toml:2", "`webhook`"]),
            ("[http\n", &["weft.toml:1"]),
            ("[analyzer]\nlateness_s = -1\n", &["weft.toml", "lateness_s", "0 to 3600"]),
        ];
        for (text, words) in cases {
            let error = check(text, &[]).unwrap_err();
            for word in *words {
                assert!(error.contains(word), "{text:?}: no {word:?} in {error:?}");
            }
        }
    }

    #[test]
    fn the_environment_wins_and_takes_its_type_from_the_key() {
        let text = "[analyzer]\nwindow_s = 5\n[[notify]]\nkind = \"webhook\"\nurl = \"http://a\"\n";
        let env = [
            ("WEFT_ANALYZER_WINDOW_S", "60"),
            ("WEFT_NOTIFY_SECRET", "1234"),
            ("WEFT_NOTIFY_HEARTBEAT", "true"),
            ("WEFT_HTTP_ALLOWED_HOSTS", "[\"weft.example\"]"),
            ("WEFT_CACHE", "/not/ours"),
            ("WEFT_COLLECTOR_ID", "not ours either"),
        ];
        let config = check(text, &env).unwrap();
        assert_eq!(config.analyzer.window_s, 60);
        assert_eq!(config.notify[0].secret.as_ref().map(|s| s.expose()), Some("1234"));
        assert!(config.notify[0].heartbeat);
        assert_eq!(config.http.allowed_hosts, ["weft.example"]);
    }

    /// As the collector reads them: one environment serves both.
    #[test]
    fn a_key_of_an_inner_table_is_set_by_two_underlines() {
        let text = "[transport]\nkind = \"kafka\"\n[transport.kafka]\n\"linger.ms\" = \"5\"\n";
        let env = [("WEFT_TRANSPORT_KAFKA__SASL.USERNAME", "weft"), ("WEFT_TRANSPORT_KAFKA__ACKS", "1")];
        let config = check(text, &env).unwrap();
        let kafka: Vec<_> = config.transport.kafka.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(kafka, [("acks", "1"), ("linger.ms", "5"), ("sasl.username", "weft")]);
        let error = check("", &[("WEFT_HTTP_LISTEN__PORT", "1")]).unwrap_err();
        assert!(error.starts_with("WEFT_HTTP_LISTEN__PORT"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (name, value, word) in
            [("WEFT_HTTP_LISTN", "a", "did you mean `listen`"), ("WEFT_ANALYZER_WINDOW_S", "soon", "expected u64")]
        {
            let error = check("", &[(name, value)]).unwrap_err();
            assert!(error.starts_with(name) && error.contains(word), "{error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let text = "[[notify]]\nkind=\"webhook\"\nurl=\"http://a/?t=tok\"\nsecret=\"hunter2\"\n[transport.kafka]\n\"sasl.password\"=\"hunter2\"\n";
        let config = check(text, &[]).unwrap();
        let shown = format!("{}{config:?}", config.effective());
        assert!(!shown.contains("hunter2") && !shown.contains("tok"), "{shown}");
        assert!(config.effective().contains("sasl.password"));
    }
}
