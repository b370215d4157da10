//! Exit codes of every command: 0 well, 1 found something, 2 failed, 64 a wrong command line.

use std::process::ExitCode;

pub const FOUND: u8 = 1;
pub const FAILED: u8 = 2;
pub const USAGE: u8 = 64;

/// The command line, or the exit code of what was said instead of it (help, version, a usage error).
pub fn parse_args<C: clap::Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|said| {
        // A closed stdout is nobody's fault.
        let _ = said.print();
        ExitCode::from(if said.use_stderr() { USAGE } else { 0 })
    })
}

/// The exit code of a command: its own, or [`FAILED`] with the whole chain of causes on one line of stderr.
pub fn code<T: Into<Ended>>(command: &str, result: anyhow::Result<T>) -> ExitCode {
    match result {
        Ok(ended) => ended.into().0,
        Err(error) => {
            eprintln!("{command}: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// How a command that did not fail ended.
pub struct Ended(ExitCode);

impl From<()> for Ended {
    fn from((): ()) -> Ended {
        Ended(ExitCode::SUCCESS)
    }
}

impl From<u8> for Ended {
    fn from(code: u8) -> Ended {
        Ended(ExitCode::from(code))
    }
}

impl From<ExitCode> for Ended {
    fn from(code: ExitCode) -> Ended {
        Ended(code)
    }
}
