//! Which crate may import which.

use super::{read, root};
use std::process::Command;

/// What each crate of ours may import of ours, in its library and binaries: everything upstream of it, nothing else.
const MAY_IMPORT: [(&str, &[&str]); 13] = [
    ("collector/wire", &[]),
    ("collector/settings", &[]),
    ("collector/guard", &[]),
    ("collector/transport", &["weft-wire", "weft-settings"]),
    ("collector", &["weft-wire", "weft-guard", "weft-settings", "weft-transport"]),
    ("analyzer/judge", &["weft-wire"]),
    ("analyzer/trace", &["weft-wire"]),
    ("analyzer/score", &["weft-wire", "weft-trace"]),
    (
        "analyzer",
        &["weft-wire", "weft-guard", "weft-settings", "weft-transport", "weft-judge", "weft-trace", "weft-score"],
    ),
    ("tests/sim", &["weft-wire", "weft-transport", "weft-trace"]),
    ("tests/lab", &[]),
    ("tests/nvml", &[]),
    ("dashboard", &["weft-guard", "weft-settings"]),
];

/// Crates of ours that link neither a runtime, nor a broker, nor a server, nor a planner, however far down.
const PURE: [&str; 4] = ["weft-wire", "weft-judge", "weft-trace", "weft-score"];
const HEAVY: [&str; 5] = ["tokio", "rdkafka", "axum", "reqwest", "datafusion"];

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
fn pure_crates_stay_pure_however_far_down() {
    for name in PURE {
        let tree = dependencies(name);
        let heavy: Vec<_> = tree.iter().filter(|linked| HEAVY.contains(&linked.as_str())).collect();
        assert!(tree.len() > 1 && heavy.is_empty(), "{name} links {heavy:?}");
    }
}

/// The names of all crates that a crate links, itself first.
fn dependencies(name: &str) -> Vec<String> {
    let tree = ["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--package", name];
    let output = Command::new(env!("CARGO")).args(tree).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo tree of {name}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}
