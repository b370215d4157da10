//! Where a receiver listens, as a URL that is never shown whole.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// Where a receiver listens. Shown without its path and query: with many services those are the password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint(reqwest::Url);

impl Endpoint {
    pub fn url(&self) -> &reqwest::Url {
        &self.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = reqwest::Url::parse(&text).map_err(|error| format!("{error}; write http://HOST:PORT/PATH"))?;
        match url.scheme() {
            "http" | "https" => Ok(Endpoint(url)),
            other => Err(format!("scheme {other:?} is neither http nor https")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = if self.0.path() == "/" && self.0.query().is_none() { "" } else { "/(hidden)" };
        write!(f, "{}{rest}", self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
