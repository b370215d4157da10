//! `[http]`.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use weft_settings::{Address, Secret, Wrong};

/// The page and the API, on this machine only.
pub fn default_listen() -> Address {
    Address::loopback(9870)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the API and the page are served: `127.0.0.1:9870`, `localhost:9870`, `:9870` for all interfaces. Whoever may
    /// reach it may read all: there is no login.
    pub listen: Address,
    /// What users type to reach the page, for links in alerts; by default `http://` and the address.
    pub external_url: String,
    /// Host names (without port) by which the page may be asked for, beside `localhost` and bare addresses:
    /// `weft.example`, `*.monitoring.svc.cluster.local` for all names below that one, `*` for any.
    pub allowed_hosts: Vec<String>,
    /// What whoever announces something (maintenance, jobs) must show, as `Authorization: Bearer …`. Without it nothing can be announced,
    /// and everything else is read as before.
    pub token: Option<Secret>,
    /// File that holds the token instead; blanks around it are left out.
    pub token_file: Option<PathBuf>,
    /// A request's body may be this long, bytes.
    pub max_body_bytes: usize,
    /// A query may take this long, ms, whatever its caller asks for.
    pub sql_timeout_ms: u64,
    /// A query answers with no more rows than this, whatever its caller asks for.
    pub sql_max_rows: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            listen: default_listen(),
            external_url: String::new(),
            allowed_hosts: Vec::new(),
            token: None,
            token_file: None,
            max_body_bytes: 1 << 20,
            sql_timeout_ms: 30_000,
            sql_max_rows: 1_000_000,
        }
    }
}

impl HttpConfig {
    pub fn check(&self) -> Result<(), Wrong> {
        weft_guard::AllowedHosts::new(&self.allowed_hosts).map_err(|what| Wrong::new("http.allowed_hosts", what))?;
        if self.sql_timeout_ms == 0 {
            return Err(Wrong::new("http.sql_timeout_ms", "0 answers nothing"));
        }
        if self.sql_max_rows == 0 {
            return Err(Wrong::new("http.sql_max_rows", "0 answers nothing"));
        }
        self.token()?;
        Ok(())
    }

    /// The token of the file, or the one that stands here.
    pub fn token(&self) -> Result<Option<Secret>, Wrong> {
        let Some(path) = &self.token_file else {
            let is_empty = self.token.as_ref().is_some_and(|token| token.expose().trim().is_empty());
            let wrong = Wrong::new("http.token", "it is empty; leave it out, or write a token");
            return if is_empty { Err(wrong) } else { Ok(self.token.clone()) };
        };
        let wrong = |what: String| Err(Wrong::new("http.token_file", what));
        if self.token.is_some() {
            return wrong("there is a token beside it; leave one of the two out".into());
        }
        match std::fs::read_to_string(path) {
            Err(error) => wrong(format!("{}: {error}; name a file that this user can read", path.display())),
            Ok(text) if text.trim().is_empty() => wrong(format!("{} is empty; write a token into it", path.display())),
            Ok(text) => Ok(Some(Secret::new(text.trim()))),
        }
    }
}
