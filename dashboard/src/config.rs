//! What the page's server reads: `[dashboard]`, and of `[http]` its own listener's keys.

use serde::{Deserialize, Serialize};
use weft_settings::{Address, Settings, Wrong};

pub const DEFAULT_ANALYZER: &str = "http://127.0.0.1:9870";

/// Other keys of `[http]` are the analyzer's, and known here by name only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    pub http: HttpConfig,
    pub dashboard: DashboardConfig,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpConfig {
    /// Where the page is served.
    pub listen: Address,
    /// Host names (without port) by which the page may be asked for, beside `localhost` and bare addresses:
    /// `weft.example`, `*.monitoring.svc.cluster.local` for all names below that one, `*` for any.
    pub allowed_hosts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DashboardConfig {
    /// `http://H:P` of the analyzer.
    pub analyzer: String,
}

impl Default for HttpConfig {
    fn default() -> HttpConfig {
        HttpConfig { listen: Address::loopback(9871), allowed_hosts: Vec::new() }
    }
}

impl Default for DashboardConfig {
    fn default() -> DashboardConfig {
        DashboardConfig { analyzer: DEFAULT_ANALYZER.into() }
    }
}

impl Settings for Config {
    const SECTIONS: &'static [&'static str] = &["dashboard"];

    fn check(&self) -> Result<(), Wrong> {
        weft_guard::AllowedHosts::new(&self.http.allowed_hosts)
            .map_err(|what| Wrong::new("http.allowed_hosts", what))?;
        let origin = crate::proxy::origin_of(&self.dashboard.analyzer);
        origin.map(drop).map_err(|error| Wrong::new("dashboard.analyzer", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use weft_settings::{Flags, parse};

    fn check(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        parse("weft.toml", text, env, &Flags::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_binds_loopback() {
        let config = check("", &[]).expect("defaults");
        assert!(config.http.listen.is_loopback());
        assert_eq!(config.dashboard.analyzer, DEFAULT_ANALYZER);
    }

    #[test]
    fn the_environment_goes_before_the_file_and_others_sections_are_left() {
        let text = "[http]\nlisten = '0.0.0.0:80'\nsql_max_rows = 5\n[dashboard]\nanalyzer = 'http://a:1'\n[[notify]]\nkind = 'webhook'\n[collector]\nid = 'n1'";
        let env = [("WEFT_DASHBOARD_ANALYZER", "http://b:2"), ("WEFT_HTTP_ALLOWED_HOSTS", "a.example, b.example")];
        let config = check(text, &env).expect("a configuration");
        let addresses = (config.http.listen.to_string(), config.dashboard.analyzer);
        assert_eq!(addresses, ("0.0.0.0:80".into(), "http://b:2".into()));
        assert_eq!(config.http.allowed_hosts, ["a.example", "b.example"]);
    }

    #[test]
    fn mistakes_are_named_with_their_mend() {
        let table = [
            ("[http]\nlistne = 'x'", "weft.toml:2: unknown key `listne` in [http]; did you mean `listen`?"),
            (
                "[dashboard]\nanalyser = 'x'",
                "weft.toml:2: unknown key `analyser` in [dashboard]; did you mean `analyzer`?",
            ),
            ("[htp]", "unknown section `htp`; did you mean `http`?"),
            ("[http]\nlisten = '9871'", "weft.toml:2: [http] listen: \"9871\": no port; write HOST:PORT"),
            ("[dashboard]\nanalyzer = 'a b'", "weft.toml:2: [dashboard] analyzer: \"a b\": "),
        ];
        for (text, message) in table {
            let error = check(text, &[]).expect_err(text);
            assert!(error.contains(message), "{error}");
        }
    }
}
