//! Which fields a snapshot writes, in which order. A binary snapshot has no field names, so a field that is moved, added or
//! taken out makes older snapshots unreadable, or worse, readable with another meaning.

use super::VERSION;
use super::tests::{begin, second};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a map lies: the names within are data, and differ from snapshot to snapshot.
const MAPS: [&str; 9] = [
    ".series.schemas",
    ".jobs.ranks",
    ".cases.facts",
    ".cases.jobs",
    ".ended.facts",
    ".ended.jobs",
    ".gpu_links.troubled",
    ".pcie.below",
    ".maintenance.works",
];
/// Where one of several variants lies, by its name.
const VARIANTS: [&str; 2] = [".part", ".payload"];

/// The field names of every struct, by the path that leads to it.
fn structs(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Array(array) => array.iter().for_each(|value| structs(value, path, found)),
        Value::Object(map) if MAPS.iter().any(|map| path.ends_with(map)) => {
            map.values().for_each(|value| structs(value, &format!("{path}.*"), found));
        }
        Value::Object(variant) if VARIANTS.iter().any(|enumeration| path.ends_with(enumeration)) => {
            variant.iter().for_each(|(name, value)| structs(value, &format!("{path}.{name}"), found));
        }
        Value::Object(object) => {
            let names: Vec<&str> = object.keys().map(String::as_str).collect();
            found.entry(path.to_owned()).or_insert(names.join(" "));
            object.iter().for_each(|(name, value)| structs(value, &format!("{path}.{name}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What this build writes after 50 seconds of a story, and what a build of the same version wrote. A struct that only one of
/// the two stories has (a queue that stood, another kind of fact) shows no change of the layout.
#[test]
fn the_layout_is_the_one_that_the_version_stands_for() {
    let mut scene = begin();
    (0..50).for_each(|s| _ = second(&mut scene, s));
    let content = serde_json::to_value(scene.engine.content(&scene.entities)).unwrap();
    let mut found = BTreeMap::from([("version".to_owned(), VERSION.to_string())]);
    structs(&content, "", &mut found);
    let expected: BTreeMap<&str, &str> =
        include_str!("layout.txt").lines().filter_map(|line| line.split_once(": ")).collect();
    assert!(expected.len() > 30, "layout.txt does not say much");
    let changed: Vec<_> =
        found.iter().filter(|(path, names)| expected.get(path.as_str()).is_some_and(|known| known != names)).collect();
    let lines: Vec<String> = found.iter().map(|(path, names)| format!("{path}: {names}\n")).collect();
    assert!(
        changed.is_empty(),
        "what a snapshot writes has changed: {changed:?}. Raise VERSION in engine/snapshot/mod.rs, and make this layout.txt:\n{}",
        lines.concat()
    );
}
