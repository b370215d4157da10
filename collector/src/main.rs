//! The agent of a node or switch. All it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    weft_collector::cli::main()
}
