//! The page is embedded at compile time: say plainly how to build it when it is not there.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    if !Path::new("web/dist/index.html").is_file() {
        eprintln!("dashboard/web/dist/index.html is missing: the page is built before the crate that embeds it.");
        eprintln!(
            "Run `make web` (or dashboard/web/build.sh; it needs node 20.19 or newer and npm), then build again."
        );
        std::process::exit(1);
    }
}
