//! What the page's server reads of weft's configuration file: `[http]` and `[dashboard]`. Other sections are others'.

use anyhow::Context;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use toml::{Table, Value};

pub const DEFAULT_LISTEN: &str = "127.0.0.1:9871";
pub const DEFAULT_ANALYZER: &str = "http://127.0.0.1:9870";

/// `[http]` is shared with the analyzer: its other keys are known here, and not read.
const HTTP_KEYS: [&str; 6] =
    ["listen", "external_url", "allowed_hosts", "max_body_bytes", "sql_timeout_ms", "sql_max_rows"];
const DASHBOARD_KEYS: [&str; 1] = ["analyzer"];
const SECTIONS: [&str; 7] = ["transport", "collector", "analyzer", "http", "dashboard", "notify", "silence"];

#[derive(Clone, Debug, PartialEq)]
pub struct DashboardConfig {
    pub listen: SocketAddr,
    /// `http://H:P` of the analyzer.
    pub analyzer: String,
    /// Host names (without port) by which the page may be asked for, beside `localhost` and bare addresses.
    pub allowed_hosts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    http: Http,
    dashboard: Dashboard,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Http {
    listen: Option<String>,
    allowed_hosts: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dashboard {
    analyzer: Option<String>,
}

impl DashboardConfig {
    /// From a file's text, `var` (the environment: `WEFT_HTTP_LISTEN`, …) going before it. Errors name key and mend.
    pub fn parse(text: &str, var: impl Fn(&str) -> Option<String>) -> anyhow::Result<DashboardConfig> {
        let table: Table = text.parse()?;
        known("section", table.keys(), &SECTIONS)?;
        for (section, keys) in [("http", &HTTP_KEYS[..]), ("dashboard", &DASHBOARD_KEYS[..])] {
            if let Some(Value::Table(found)) = table.get(section) {
                known(&format!("key of [{section}]"), found.keys(), keys)?;
            }
        }
        let file: File = table.try_into()?;
        let listen = var("WEFT_HTTP_LISTEN").or(file.http.listen).unwrap_or_else(|| DEFAULT_LISTEN.into());
        let hosts = var("WEFT_HTTP_ALLOWED_HOSTS").map(|list| list.split(',').map(|host| host.trim().into()).collect());
        Ok(DashboardConfig {
            listen: address(&listen).context("[http] listen")?,
            analyzer: var("WEFT_DASHBOARD_ANALYZER")
                .or(file.dashboard.analyzer)
                .unwrap_or_else(|| DEFAULT_ANALYZER.into()),
            allowed_hosts: hosts.or(file.http.allowed_hosts).unwrap_or_default(),
        })
    }

    /// The file, or the defaults when none is named.
    pub fn load(path: Option<&Path>) -> anyhow::Result<DashboardConfig> {
        let var = |name: &str| std::env::var(name).ok();
        let Some(path) = path else { return DashboardConfig::parse("", var) };
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        DashboardConfig::parse(&text, var).with_context(|| path.display().to_string())
    }
}

pub fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse().with_context(|| format!("{text:?} is no address and port; write {DEFAULT_LISTEN}"))
}

fn known<'a>(what: &str, mut found: impl Iterator<Item = &'a String>, known: &[&str]) -> anyhow::Result<()> {
    let Some(name) = found.find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name)).copied().unwrap_or("");
    anyhow::bail!("{name:?} is no {what}; did you mean {nearest:?}?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DashboardConfig, String> {
        DashboardConfig::parse(text, |_| None).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_empty_file_binds_loopback() {
        let config = parse("").expect("defaults");
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.analyzer, DEFAULT_ANALYZER);
    }

    #[test]
    fn the_environment_goes_before_the_file_and_others_sections_are_left() {
        let text = "[http]\nlisten = '0.0.0.0:80'\nsql_max_rows = 5\n[dashboard]\nanalyzer = 'http://a:1'\n[[notify]]\nkind = 'webhook'\n[collector]\nanything = 1";
        let var = |name: &str| (name == "WEFT_DASHBOARD_ANALYZER").then(|| "http://b:2".to_owned());
        let config = DashboardConfig::parse(text, var).expect("a configuration");
        assert_eq!((config.listen.to_string().as_str(), config.analyzer.as_str()), ("0.0.0.0:80", "http://b:2"));
    }

    #[test]
    fn mistakes_are_named_with_their_mend() {
        let table = [
            ("[http]\nlistne = 'x'", "\"listne\" is no key of [http]; did you mean \"listen\"?"),
            ("[htp]", "\"htp\" is no section; did you mean \"http\"?"),
            ("[http]\nlisten = '9871'", "\"9871\" is no address and port; write 127.0.0.1:9871"),
        ];
        for (text, message) in table {
            let error = parse(text).expect_err(text);
            assert!(error.contains(message), "{error}");
        }
    }
}
