//! `trace.toml`: a trace's name, and how often its counters were sampled.

use crate::error::{Result, TraceError};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "trace.toml";

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

impl Manifest {
    pub fn load(dir: &Path) -> Result<Manifest> {
        let path = dir.join(FILE);
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

    pub(crate) fn write(&self, dir: &Path) -> std::io::Result<()> {
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        std::fs::write(dir.join(FILE), text)
    }
}
