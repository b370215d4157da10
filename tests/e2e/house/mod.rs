//! The house keeps its own rules: which way imports point, what the pure parts may not see, how long a file may be.

mod circles;
mod crates;
mod extend;
mod judge;
mod modules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A longer file tells of two ideas.
const MOST_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Rust file below a folder of the repository.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => found.push(path),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no Rust file: the rule looks in the wrong place");
    found
}

#[test]
fn files_hold_one_idea() {
    let folders = ["collector", "analyzer", "dashboard/src", "deploy", "tests"];
    let lengths: BTreeMap<PathBuf, usize> = folders
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|file| (file.clone(), read(&file).lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .collect();
    assert!(lengths.is_empty(), "more than {MOST_LINES} lines: {lengths:?}");
}
