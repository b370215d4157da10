//! A client of the analyzer's HTTP API.

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use std::time::Duration;

/// Where the analyzer is, for every command that asks one.
#[derive(Clone, Debug, clap::Args)]
pub struct UrlArgs {
    /// Where the analyzer's HTTP API is
    #[arg(long, env = "WEFT_URL", value_name = "URL", default_value = "http://127.0.0.1:9870")]
    url: Url,
}

/// An answer that is an error of the API: what is wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct ApiError {
    pub status: StatusCode,
    error: Detail,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    message: String,
    hint: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
}

impl ApiError {
    fn text(&self) -> String {
        let Detail { message, hint, line, column } = &self.error;
        let place = match (line, column) {
            (Some(line), Some(column)) => format!("line {line}, column {column}: "),
            _ => String::new(),
        };
        let hint = hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        format!("{place}{message}{hint}")
    }
}

pub struct Api {
    base: Url,
    pub client: Client,
}

impl Api {
    /// Never through a proxy: the analyzer is on this machine or this network.
    pub fn new(args: &UrlArgs) -> Result<Api> {
        let client = Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build()?;
        Ok(Api { base: args.url.clone(), client })
    }

    /// `segments` are escaped.
    pub fn url(&self, segments: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        let path = url.path_segments_mut();
        path.map_err(|()| anyhow::anyhow!("--url {}: write http://HOST:PORT", self.base))?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(segments);
        Ok(url)
    }

    /// The answer, if it is no error.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let unreachable =
            || format!("no analyzer answers at {}; start one, or name it by --url or WEFT_URL", self.base);
        let answer = request.send().await.map_err(reqwest::Error::without_url).with_context(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        #[derive(Deserialize)]
        struct Body {
            error: Detail,
        }
        let other = || Detail { message: format!("answered {status}: {}", text.trim()), ..Detail::default() };
        let error = serde_json::from_str(&text).map_or_else(|_| other(), |body: Body| body.error);
        Err(ApiError { status, error }.into())
    }
}
