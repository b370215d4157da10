//! Every counter that captured devices have is mapped by the catalogue, or listed in `extra.toml` as left out on purpose.
//!
//! Two sets of devices: a small one in this repository, and the captured ones beside it (`../shared/fixtures`, or
//! `$WEFT_FIXTURES`), which not every machine has.

mod devices;
mod files;
mod json;
mod linux;

use devices::{Reading, ionic, sonic};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weft_wire::{Table, catalogue, unmapped};

type Walk = fn(&Path) -> BTreeSet<Reading>;

const WALKS: [(&str, Walk); 5] = [
    ("linux-sys", linux::walk),
    ("h100-ib", linux::walk),
    ("ib-tools", devices::ib_tools),
    ("ionic", ionic::walk),
    ("sonic-gnmi", sonic::walk),
];

fn manifest() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn captured() -> PathBuf {
    std::env::var_os("WEFT_FIXTURES").map_or_else(|| manifest().join("../../../shared/fixtures"), PathBuf::from)
}

/// Readings of all devices below `root` whose folder exists.
fn readings(root: &Path) -> Vec<(&'static str, BTreeSet<Reading>)> {
    WALKS
        .iter()
        .filter(|(folder, _)| root.join(folder).is_dir())
        .map(|(folder, walk)| (*folder, walk(&root.join(folder))))
        .collect()
}

fn is_mapped(reading: &Reading) -> bool {
    let tables: &[Table] = reading.tables;
    tables.iter().any(|&table| catalogue().mapping(table, &reading.driver, &reading.raw).is_some())
}

/// Names that are neither mapped nor listed.
fn unaccounted(readings: &BTreeSet<Reading>) -> Vec<String> {
    let lost = readings.iter().filter(|r| !is_mapped(r) && unmapped(&r.driver, &r.raw).is_none());
    lost.map(|r| format!("{} {:?} (tables {:?})", r.driver, r.raw, r.tables)).collect()
}

fn check(root: &Path) {
    let mut lost = Vec::new();
    for (folder, readings) in readings(root) {
        assert!(!readings.is_empty(), "{folder}: no counter found, the walk is broken");
        lost.extend(unaccounted(&readings).into_iter().map(|name| format!("{folder}: {name}")));
    }
    let lost = lost.join("\n");
    assert!(lost.is_empty(), "add these to catalogue.toml or, with a reason, to extra.toml:\n{lost}");
}

#[test]
fn every_counter_of_the_small_fixtures_is_accounted_for() {
    let root = manifest().join("tests/fixtures");
    assert_eq!(readings(&root).len(), WALKS.len() - 1, "h100-ib has the form of linux-sys; the others are here");
    check(&root);
}

#[test]
fn every_counter_of_the_captured_devices_is_accounted_for() {
    let root = captured();
    if !root.is_dir() {
        eprintln!("SKIPPED: no captured devices at {} (set WEFT_FIXTURES)", root.display());
        return;
    }
    assert_eq!(readings(&root).len(), WALKS.len(), "a folder of {} is missing", root.display());
    check(&root);
}

#[test]
fn no_pattern_of_the_list_is_stale() {
    let root = captured();
    if !root.is_dir() {
        eprintln!("SKIPPED: no captured devices at {} (set WEFT_FIXTURES)", root.display());
        return;
    }
    let left: Vec<Reading> =
        readings(&root).into_iter().flat_map(|(_, readings)| readings).filter(|r| !is_mapped(r)).collect();
    let patterns = weft_wire::unmapped_list()
        .iter()
        .flat_map(|e| e.raw.iter().map(|pattern| weft_wire::Unmapped { raw: vec![pattern.clone()], ..e.clone() }));
    let stale: Vec<String> = patterns
        .filter(|alone| !left.iter().any(|r| alone.covers(&r.driver, &r.raw)))
        .map(|alone| format!("{} {:?}", alone.driver, alone.raw))
        .collect();
    assert!(stale.is_empty(), "extra.toml: these match nothing that is left over:\n{}", stale.join("\n"));
}
