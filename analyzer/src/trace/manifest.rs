//! `trace.toml`.

use super::error::{Result, TraceError};
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    #[serde(default)]
    pub name: String,
    /// Nominal interval between two samples of a counter.
    pub tick_ns: i64,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub clock: String,
}

/// The shortest tick that is analysed, ns: a trace sampled faster is still judged once a second.
pub const MIN_TICK_NS: i64 = 1_000_000_000;

impl Manifest {
    pub fn load(dir: &Path) -> Result<Manifest> {
        let path = dir.join("trace.toml");
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|e| {
            TraceError::new(&file, 0, e.to_string(), "a trace needs it, with tick_ns = 1000000000 or so")
        })?;
        let manifest: Manifest = toml::from_str(&text).map_err(|e| {
            let line = e.span().map_or(0, |span| text[..span.start].lines().count().max(1) as u64);
            TraceError::new(
                &file,
                line,
                e.message().to_owned(),
                "write tick_ns as a number, and name, description and clock as texts",
            )
        })?;
        match manifest.tick_ns {
            ns if ns > 0 => Ok(manifest),
            ns => Err(TraceError::new(&file, 0, format!("tick_ns is {ns}"), "give the interval of sampling in ns")),
        }
    }

    /// Length of a tick of analysis.
    pub fn analysis_tick_ns(&self) -> i64 {
        self.tick_ns.max(MIN_TICK_NS)
    }
}
