//! `[slurm]`.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use weft_settings::{Secret, Wrong};

/// How Slurm is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlurmKind {
    #[default]
    Off,
    Command,
    Rest,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlurmConfig {
    /// `off`; `command` runs `squeue --json` and `scontrol show … --json`; `rest` asks slurmrestd.
    pub kind: SlurmKind,
    /// It is asked so often, s. A job is judged once this and a tick have passed.
    pub every_s: u64,
    /// An answer may take so long, s.
    pub timeout_s: u64,
    /// An answer may be so long, bytes; 10,000 jobs are some 60 MB.
    pub max_bytes: u64,
    /// Folder of `squeue` and `scontrol`; they are looked for in PATH when it is absent.
    pub bin: Option<PathBuf>,
    /// Address of slurmrestd: `http://slurm.example:6820`.
    pub url: String,
    /// The version of slurmrestd's interface: `v0.0.38` (Slurm 22.05) to `v0.0.44` (25.11).
    pub version: String,
    /// User that the token is of (`X-SLURM-USER-NAME`); not sent when empty.
    pub user: String,
    /// Token of slurmrestd (JWT), as `scontrol token` writes it.
    pub token: Option<Secret>,
    /// File that holds the token instead; read anew for every question, so that it may be renewed.
    pub token_file: Option<PathBuf>,
    /// Whether drained nodes and maintenance reservations are under maintenance.
    pub maintenance: bool,
}

impl Default for SlurmConfig {
    fn default() -> Self {
        SlurmConfig {
            kind: SlurmKind::Off,
            every_s: 5,
            timeout_s: 10,
            max_bytes: 256 << 20,
            bin: None,
            url: String::new(),
            version: "v0.0.40".to_owned(),
            user: String::new(),
            token: None,
            token_file: None,
            maintenance: true,
        }
    }
}

impl SlurmConfig {
    /// What the types cannot say.
    pub fn check(&self) -> Result<(), Wrong> {
        if self.every_s == 0 || self.timeout_s == 0 {
            return Err(Wrong::new("slurm.every_s", "0 s is no time: write 1 or more for every_s and timeout_s"));
        }
        if self.max_bytes < 1 << 16 {
            return Err(Wrong::new(
                "slurm.max_bytes",
                format!("{} holds no answer; write 65536 or more", self.max_bytes),
            ));
        }
        if self.kind == SlurmKind::Rest {
            let url = reqwest::Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            if url.is_none() {
                return Err(Wrong::new("slurm.url", format!("{:?} is no address; write http://HOST:6820", self.url)));
            }
            if self.token.is_some() && self.token_file.is_some() {
                return Err(Wrong::new("slurm.token_file", "there is a token beside it; leave one of the two out"));
            }
        }
        let is_version = self.version.strip_prefix("v0.0.").is_some_and(|n| n.parse::<u32>().is_ok());
        if !is_version {
            return Err(Wrong::new("slurm.version", format!("{:?} is no version; write v0.0.40", self.version)));
        }
        Ok(())
    }

    /// The token of the moment; `None` where none is needed.
    pub fn token(&self) -> Result<Option<Secret>, String> {
        match &self.token_file {
            None => Ok(self.token.clone()),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                // As `scontrol token` writes it.
                let text = text.trim().strip_prefix("SLURM_JWT=").unwrap_or(text.trim());
                Ok(Some(Secret::new(text)))
            }
        }
    }
}
