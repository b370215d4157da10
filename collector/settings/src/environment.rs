//! `WEFT_<SECTION>_<KEY>`, with `__` for a dot: `WEFT_COLLECTOR_RATES__FAST_MS` is `[collector] rates.fast_ms`.

use crate::known;
use crate::kubelet::is_service_link;
use crate::words::unknown_key;
use crate::{SettingsError, tree::Given};
use std::ffi::OsString;

/// The process's own. Names that are no text are nobody's setting.
pub fn of_process() -> impl Iterator<Item = (String, OsString)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
}

/// In the order of their names. Keys of sections that are not the caller's `own` are checked by name.
pub fn given(
    variables: impl IntoIterator<Item = (String, OsString)>,
    own: &[&str],
) -> Result<Vec<Given>, SettingsError> {
    let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with("WEFT_")).collect();
    variables.sort();
    let given = variables.into_iter().filter_map(|(name, value)| one(&name, value, own).transpose());
    given.collect()
}

fn one(name: &str, value: OsString, own: &[&str]) -> Result<Option<Given>, SettingsError> {
    let wrong = |what| Err(SettingsError::new(name, what));
    let sections = known::known_sections(own);
    let Some((section, key)) = split(name, &sections) else { return misspelt_section(name, &sections) };
    let keys = keys(section, &key);
    let known = known::keys_of(section);
    let is_known = known.contains(&keys[0].as_str());
    if !is_known && is_service_link(name, &value.to_string_lossy()) {
        return Ok(None);
    }
    if !own.contains(&section) && !is_known {
        return wrong(unknown_key(section, &keys[0], &known));
    }
    let Ok(text) = value.into_string() else { return wrong("the value is not UTF-8".into()) };
    let path = std::iter::once(section.to_owned()).chain(keys).collect();
    Ok(Some(Given { place: name.to_owned(), path, text }))
}

/// Section and key, the key in small letters.
fn split<'a>(name: &str, sections: &[&'a str]) -> Option<(&'a str, String)> {
    let rest = name.strip_prefix("WEFT_")?.to_ascii_lowercase();
    let key = |section: &str| rest.strip_prefix(section)?.strip_prefix('_').map(str::to_owned);
    sections.iter().find_map(|section| Some((*section, key(section)?)))
}

/// `kafka__sasl.username` and `kafka__sasl__username` are both the property `sasl.username` of `[transport] kafka`.
fn keys(section: &str, key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split("__").collect();
    match parts.split_first() {
        Some((table, rest)) if !rest.is_empty() && known::is_map(&format!("{section}.{table}")) => {
            vec![(*table).to_owned(), rest.join(".")]
        }
        _ => parts.into_iter().map(str::to_owned).collect(),
    }
}

/// `WEFT_ANALYSER_WINDOW_S` has a key of `analyzer`, and a name like it. Other variables are others'.
fn misspelt_section(name: &str, sections: &[&str]) -> Result<Option<Given>, SettingsError> {
    let rest = name.trim_start_matches("WEFT_").to_ascii_lowercase();
    let is_meant = |section: &str| {
        rest.match_indices('_').any(|(end, _)| {
            let known = known::keys_of(section);
            strsim::damerau_levenshtein(&rest[..end], section) <= 2 && known.contains(&&rest[end + 1..])
        })
    };
    match sections.iter().find(|section| is_meant(section)) {
        Some(meant) => {
            let what = format!("no section is called so; did you mean WEFT_{}_…?", meant.to_ascii_uppercase());
            Err(SettingsError::new(name, what))
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, own: &[&str]) -> Result<Option<String>, String> {
        let given = given([(name.to_owned(), OsString::from(value))], own).map_err(|error| error.to_string())?;
        Ok(given.into_iter().next().map(|given| given.path.join(" ")))
    }

    #[test]
    fn a_variable_is_a_section_and_a_key() {
        for (name, path) in [
            ("WEFT_HTTP_LISTEN", "http listen"),
            ("WEFT_HTTP_ALLOWED_HOSTS", "http allowed_hosts"),
            ("WEFT_COLLECTOR_RATES__FAST_MS", "collector rates fast_ms"),
            ("WEFT_TRANSPORT_KAFKA__SASL.USERNAME", "transport kafka sasl.username"),
            ("WEFT_TRANSPORT_KAFKA__SASL__USERNAME", "transport kafka sasl.username"),
        ] {
            assert_eq!(check(name, "1", &[]), Ok(Some(path.into())), "{name}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left() {
        for (name, value) in [
            ("WEFT_CACHE", "/home"),
            ("WEFT_LOG", "debug"),
            ("WEFT_URL", "http://a"),
            ("WEFT_HTTPS_PROXY", "http://a"),
            ("HTTP_LISTEN", "a"),
            ("WEFT_PORT", "tcp://10.96.31.7:9870"),
            ("WEFT_HTTP_PORT", "tcp://10.96.31.7:9870"),
            ("WEFT_HTTP_SERVICE_HOST", "10.96.31.7"),
            ("WEFT_NOTIFY_PORT_9870_TCP_ADDR", "10.96.31.7"),
        ] {
            assert_eq!(check(name, value, &["http", "notify"]), Ok(None), "{name}");
            assert_eq!(check(name, value, &[]), Ok(None), "{name}");
        }
    }

    #[test]
    fn a_misspelt_key_names_the_variable_and_the_nearest() {
        for (name, words) in [
            ("WEFT_ANALYZER_WINDOW", "did you mean `window_s`?"),
            ("WEFT_HTTP_PORT", "(known: listen, "),
            ("WEFT_ANALYSER_WINDOW_S", "did you mean WEFT_ANALYZER_"),
        ] {
            let error = check(name, "60", &[]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: ")) && error.contains(words), "{error}");
        }
    }
}
