//! The house keeps its own rules: which way imports point, what the pure parts may not see, how long a file may be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each crate of ours may import of ours, in its library and binaries: everything upstream of it, nothing else.
const MAY_IMPORT: [(&str, &[&str]); 9] = [
    ("collector/wire", &[]),
    ("collector/settings", &[]),
    ("collector/guard", &[]),
    ("collector/transport", &["weft-wire", "weft-settings"]),
    ("collector", &["weft-wire", "weft-guard", "weft-settings", "weft-transport"]),
    ("analyzer", &["weft-wire", "weft-guard", "weft-settings", "weft-transport"]),
    ("tests/sim", &["weft-wire", "weft-transport"]),
    ("tests/lab", &[]),
    ("dashboard", &["weft-guard", "weft-settings"]),
];

/// No wall clock, no IO, no transport, no SQL: a replay of the same data gives the same incidents.
const PURE: [&str; 3] = ["analyzer/src/model", "analyzer/src/detect", "analyzer/src/diagnose"];
const IMPURE: [&str; 9] =
    ["SystemTime", "Instant", "std::fs", "std::net", "tokio", "rdkafka", "weft_transport", "datafusion", "weft_sim"];

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
fn imports_point_one_way() {
    for (folder, allowed) in MAY_IMPORT {
        let manifest: toml::Table = read(&root().join(folder).join("Cargo.toml")).parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(|d| d.as_table()).unwrap();
        let ours = dependencies.keys().filter(|name| name.starts_with("weft-"));
        let wrong: Vec<_> = ours.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{folder} imports {wrong:?}: see ARCHITECTURE.md");
    }
}

#[test]
fn the_collector_links_no_planner() {
    for folder in ["collector/wire", "collector/settings", "collector/guard", "collector/transport", "collector"] {
        let manifest = read(&root().join(folder).join("Cargo.toml"));
        assert!(!manifest.contains("datafusion"), "{folder} links DataFusion");
    }
}

#[test]
fn what_judges_sees_no_clock_and_no_io() {
    for folder in PURE {
        for file in sources(folder) {
            let text = read(&file);
            let seen: Vec<_> = IMPURE.iter().filter(|word| text.contains(**word)).collect();
            assert!(seen.is_empty(), "{} speaks of {seen:?}", file.display());
        }
    }
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
