//! Tests of the whole collector: on trees of files, in a network namespace, with the Python helper.

mod dcgm;
mod devices;
mod explain;
mod gnmi;
mod gpu;
mod hostile_tree;
mod hotplug;
mod kmsg;
mod namespace;
mod neighbors;
mod odd_files;
mod pace;
mod pcie;
mod ports;
mod step_marks;

use crate::config::CollectorConfig;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn config(root: &Path) -> CollectorConfig {
    CollectorConfig { id: "n1".into(), root: root.to_owned(), ..CollectorConfig::default() }
}
