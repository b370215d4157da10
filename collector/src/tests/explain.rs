//! One golden of everything that is said of a tree, and the trees captured elsewhere.

use super::{config, fixture};
use crate::explain::{Line, explain, write_json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn lines(root: &Path) -> Vec<Line> {
    let mut lines = explain(&config(root));
    lines.iter_mut().for_each(|line| line.read_us = 0.0);
    lines
}

/// Set `UPDATE_GOLDEN=1` to write what is said now.
#[test]
fn a_tree_of_odd_devices_is_told_whole() {
    let golden = fixture("rdma-node.golden.ndjson");
    let mut said = Vec::new();
    write_json(&lines(&fixture("rdma-node")), &mut said).unwrap();
    let root = fixture("rdma-node").display().to_string();
    let said = String::from_utf8(said).unwrap().replace(&root, "");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &said).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    for (said, expected) in said.lines().zip(expected.lines()) {
        assert_eq!(said, expected);
    }
    assert_eq!(said.lines().count(), expected.lines().count());
}

/// (RDMA device, file) of every counter file of a tree.
fn files(root: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let names = |path: &Path| crate::sysfs::names(path).unwrap_or_default();
    let class = root.join("sys/class/infiniband");
    for device in names(&class) {
        for port in names(&class.join(&device).join("ports")) {
            for group in ["counters", "hw_counters"] {
                let directory = class.join(&device).join("ports").join(&port).join(group);
                found.extend(names(&directory).into_iter().map(|file| (device.clone(), file)));
            }
        }
    }
    found
}

fn listed(lines: &[Line]) -> BTreeSet<(String, String)> {
    let device = |line: &Line| match line.port.split_once('/') {
        Some((device, _)) => device.to_owned(),
        None => line.device.clone(),
    };
    lines.iter().filter(|l| l.source == "infiniband").map(|l| (device(l), l.raw_name.clone())).collect()
}

/// Trees of other projects lie beside the repository, or where `WEFT_FIXTURES` says.
fn captured(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let path = std::env::var_os("WEFT_FIXTURES").map_or(beside, PathBuf::from).join(name);
    path.is_dir().then_some(path)
}

#[test]
fn captured_trees_show_every_file_and_only_what_is_blind() {
    for (name, blind) in [("h100-ib", 10), ("linux-sys", 0)] {
        let Some(root) = captured(name) else {
            eprintln!("{name} is not here: set WEFT_FIXTURES to check it too");
            continue;
        };
        let lines = lines(&root);
        let missing: Vec<_> = files(&root).difference(&listed(&lines)).cloned().collect();
        assert_eq!(missing, [], "{name}");
        let is_blind: Vec<_> = lines.iter().filter(|l| l.status == "blind").map(|l| (&l.port, &l.raw_name)).collect();
        assert_eq!(is_blind.len(), blind, "{name}: {is_blind:?}");
        let failed: Vec<_> = lines.iter().filter(|l| l.status == "failed").collect();
        assert!(failed.is_empty(), "{name}: {failed:?}");
    }
}
