//! What can be wrong with a trace: where, what, and how to mend it.

use std::fmt;

/// Printed as `FILE:LINE: what is wrong; how to mend`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    pub file: String,
    /// 0 = the file as a whole.
    pub line: u64,
    pub what: String,
    pub mend: String,
}

impl TraceError {
    pub fn new(file: impl Into<String>, line: u64, what: impl Into<String>, mend: impl Into<String>) -> TraceError {
        TraceError { file: file.into(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}; {}", self.file, self.what, self.mend),
            line => write!(f, "{}:{line}: {}; {}", self.file, self.what, self.mend),
        }
    }
}

impl std::error::Error for TraceError {}

pub type Result<T> = std::result::Result<T, TraceError>;
