//! What was found, and how it is printed.

use serde::Serialize;
use std::io::{self, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Well,
    /// Worth knowing, and as it may be meant.
    Note,
    /// Something is not seen, or not as well as it could be.
    Warning,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// `node`, `transport` or `analyzer`.
    pub about: &'static str,
    pub level: Level,
    pub what: String,
    /// What to do; empty where there is nothing to be done.
    pub mend: String,
}

impl Finding {
    pub fn is_to_be_mended(&self) -> bool {
        self.level == Level::Warning
    }
}

/// NDJSON.
pub fn write_json(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{}", serde_json::to_string(finding)?))
}

/// For a person: a line a finding, what to do below it, and how many there are to be mended.
pub fn write_text(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    for Finding { about, level, what, mend } in findings {
        let level = match level {
            Level::Well => "well",
            Level::Note => "note",
            Level::Warning => "WARNING",
        };
        writeln!(out, "{about:<10} {level:<8} {what}")?;
        if !mend.is_empty() {
            writeln!(out, "{:<19} → {mend}", "")?;
        }
    }
    let count = findings.iter().filter(|finding| finding.is_to_be_mended()).count();
    writeln!(out, "{}", if count == 0 { "nothing to mend".to_owned() } else { format!("{count} to mend") })
}
