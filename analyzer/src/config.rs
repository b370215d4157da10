//! The sections that an analyzer reads. Each part's keys, defaults and checks stand beside the part; here they only meet.

use crate::http::HttpConfig;
use crate::kubernetes::KubernetesConfig;
use crate::live::AnalyzerConfig;
use crate::notify::{AlertsConfig, NotifyConfig};
use crate::route::SilenceConfig;
use crate::slurm::SlurmConfig;
use serde::{Deserialize, Serialize};
use weft_settings::{Settings, Wrong};
use weft_transport::TransportConfig;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    pub transport: TransportConfig,
    pub analyzer: AnalyzerConfig,
    pub http: HttpConfig,
    pub slurm: SlurmConfig,
    pub kubernetes: KubernetesConfig,
    pub alerts: AlertsConfig,
    pub notify: Vec<NotifyConfig>,
    pub silence: Vec<SilenceConfig>,
}

impl Settings for Config {
    const SECTIONS: &'static [&'static str] =
        &["transport", "analyzer", "http", "slurm", "kubernetes", "alerts", "notify", "silence"];

    fn check(&self) -> Result<(), Wrong> {
        self.transport.check_subscriber()?;
        self.analyzer.check()?;
        self.http.check()?;
        self.slurm.check()?;
        self.kubernetes.check()?;
        self.alerts.check()?;
        crate::notify::check(&self.notify)?;
        crate::route::check_silences(&self.silence)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use weft_settings::{Flags, effective, parse};

    fn check(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let env = env.iter().map(|(name, value)| (name.to_string(), OsString::from(value)));
        parse("weft.toml", text, env, &Flags::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(check("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn errors_name_the_line_the_key_and_the_nearest() {
        let cases: &[(&str, &[&str])] = &[
            ("[http]\n\nlistn = \"a\"\n", &["weft.toml:3", "`listn`", "did you mean `listen`"]),
            ("[http]\n\nlisten = \"9870\"\n", &["weft.toml:3", "[http] listen", "no port", "write HOST:PORT"]),
            ("[analyser]\n", &["weft.toml:1", "did you mean `analyzer`"]),
            ("[analyzer]\nwindow_s = \"x\"\n", &["weft.toml:2", "[analyzer] window_s", "expected a whole number"]),
            ("[analyzer]\nplan = 5\n", &["weft.toml:2", "[analyzer] plan", "expected"]),
            ("[[notify]]\nkind = \"webhook\"\nurll = \"http://a\"\n", &["weft.toml:3", "did you mean `url`"]),
            ("[[notify]]\nkind = \"webhok\"\nurl = \"http://a\"\n", &["weft.toml:2", "[[notify]] kind", "`webhook`"]),
            ("\n[[notify]]\nkind = \"webhook\"\n", &["weft.toml:2", "[[notify]]", "missing field `url`"]),
            ("[http\n", &["weft.toml:1"]),
            ("[analyzer]\nlateness_s = -1\n", &["weft.toml:2", "[analyzer] lateness_s", "0 to 3600"]),
            ("[transport]\n\nbootstrap = \"k1\"\n", &["weft.toml:3", "[transport] bootstrap", "HOST:PORT"]),
            (
                "[alerts]\nexternal_labels = { a = \"b\",\n device = \"x\" }\n",
                &["weft.toml:3", "external_labels", "weft's own"],
            ),
            ("[alerts]\n\nlabels = { a = \"b\" }\n", &["weft.toml:3", "did you mean `external_labels`"]),
            ("[collector]\nflushms = 1\n", &["weft.toml:2", "did you mean `flush_ms`"]),
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
            ("WEFT_ANALYZER_LATENESS_S", "3"),
            ("WEFT_NOTIFY_SECRET", "1234"),
            ("WEFT_NOTIFY_HEARTBEAT", "true"),
            ("WEFT_HTTP_ALLOWED_HOSTS", "[\"weft.example\"]"),
            ("WEFT_CACHE", "/not/ours"),
            ("WEFT_COLLECTOR_ID", "not ours either"),
        ];
        let config = check(text, &env).unwrap();
        assert_eq!((config.analyzer.window_s, config.analyzer.lateness_s), (60, 3.0));
        assert_eq!(config.notify[0].secret.as_ref().map(|s| s.expose()), Some("1234"));
        assert!(config.notify[0].heartbeat);
        assert_eq!(config.http.allowed_hosts, ["weft.example"]);
        let commas = check("", &[("WEFT_HTTP_ALLOWED_HOSTS", "a.example, b.example")]).unwrap();
        assert_eq!(commas.http.allowed_hosts, ["a.example", "b.example"]);
    }

    #[test]
    fn a_receiver_may_stand_in_the_environment_alone() {
        let env = [("WEFT_NOTIFY_KIND", "webhook"), ("WEFT_NOTIFY_URL", "http://a"), ("WEFT_NOTIFY_TIMEOUT_S", "5")];
        let config = check("", &env).unwrap();
        assert_eq!((config.notify.len(), config.notify[0].timeout_s), (1, 5));
    }

    /// As the collector reads them: one environment serves both.
    #[test]
    fn a_key_of_an_inner_table_is_set_by_two_underlines() {
        let text = "[transport]\nkind = \"kafka\"\n[transport.kafka]\n\"linger.ms\" = 5\n";
        let env = [
            ("WEFT_TRANSPORT_KAFKA__SASL.USERNAME", "weft"),
            ("WEFT_TRANSPORT_KAFKA__SASL__MECHANISM", "PLAIN"),
            ("WEFT_TRANSPORT_KAFKA__ACKS", "all"),
        ];
        let config = check(text, &env).unwrap();
        let kafka: Vec<_> = config.transport.kafka.iter().collect();
        assert_eq!(
            kafka,
            [("acks", "all"), ("linger.ms", "5"), ("sasl.mechanism", "PLAIN"), ("sasl.username", "weft")]
        );
        let error = check("", &[("WEFT_HTTP_LISTEN__PORT", "1")]).unwrap_err();
        assert!(error.starts_with("WEFT_HTTP_LISTEN__PORT"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (name, value, word) in [
            ("WEFT_HTTP_LISTN", "a", "did you mean `listen`"),
            ("WEFT_ANALYZER_WINDOW", "60", "did you mean `window_s`"),
            ("WEFT_ANALYZER_WINDOW_S", "soon", "expected a whole number"),
            ("WEFT_ANALYSER_WINDOW_S", "60", "WEFT_ANALYZER_"),
            ("WEFT_COLLECTOR_FLUSHMS", "60", "did you mean `flush_ms`"),
            ("WEFT_HTTP_PORT", "9870", "(known: listen, "),
            ("WEFT_HTTP_LISTEN", "9870", "[http] listen"),
            ("WEFT_ANALYZER_LATENESS_S", "-1", "0 to 3600"),
        ] {
            let error = check("", &[(name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: ")) && error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_flag_goes_over_the_environment_and_is_named_when_it_is_wrong() {
        let with = |listen: &str| {
            let mut flags = Flags::default();
            flags.set("--listen", "http.listen", Some(listen));
            let env = [("WEFT_HTTP_LISTEN".to_owned(), OsString::from("127.0.0.1:2"))];
            parse::<Config>("weft.toml", "[http]\nlisten = '127.0.0.1:1'\n", env, &flags)
        };
        assert_eq!(with("localhost:3").unwrap().http.listen.to_string(), "localhost:3");
        assert!(with("nowhere").unwrap_err().to_string().starts_with("--listen: [http] listen: "));
    }

    #[test]
    fn secrets_are_never_shown() {
        let text = "[[notify]]\nkind=\"webhook\"\nurl=\"http://a/?t=unsaid\"\nsecret=\"hunter2\"\n[transport.kafka]\n\"sasl.password\"=\"hunter2\"\n";
        let config = check(text, &[]).unwrap();
        let shown = format!("{}{config:?}", effective(&config));
        assert!(!shown.contains("hunter2") && !shown.contains("unsaid"), "{shown}");
        assert!(effective(&config).contains("sasl.password"));
        let wrong = check("[[notify]]\nkind=\"webhook\"\nurl=\"http://a\"\nsecret=[\"hunter2\"]\n", &[]).unwrap_err();
        assert!(wrong.contains("[[notify]] secret") && !wrong.contains("hunter2"), "{wrong}");
    }
}
