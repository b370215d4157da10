//! Examples in docs/ are what weft really says: a test makes each anew and compares.
//!
//! An example stands in the page as `<!-- example: NAME -->` and a fenced block after it. `UPDATE=1 cargo test --workspace
//! --test e2e docs` writes the blocks.

use std::collections::BTreeMap;
use std::path::Path;

const FENCE: &str = "```";

/// The page with each example's block replaced by what it should hold, and the names of the examples in it.
fn renewed(page: &str, examples: &BTreeMap<&str, String>) -> (String, Vec<String>) {
    let (mut text, mut names) = (String::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        text += &format!("{line}\n");
        let Some(name) = line.strip_prefix("<!-- example: ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let fence =
            lines.next().filter(|line| line.starts_with(FENCE)).unwrap_or_else(|| panic!("no block after {line}"));
        assert!(lines.any(|line| line == FENCE), "the block after {line} does not end");
        let example = examples.get(name).unwrap_or_else(|| panic!("nobody makes the example {name:?}"));
        text += &format!("{fence}\n{}\n{FENCE}\n", example.trim_end());
        names.push(name.to_owned());
    }
    (text, names)
}

/// Fails when an example in `docs/<page>` is not as made here, or is missing there.
pub fn check(page: &str, examples: &BTreeMap<&str, String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let found = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (should, mut names) = renewed(&found, examples);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &should).expect("docs/ can be written");
        return;
    }
    let differs = found.lines().zip(should.lines()).position(|(a, b)| a != b).map_or(0, |line| line + 1);
    assert!(found == should, "docs/{page}:{differs} is stale: UPDATE=1 cargo test --workspace --test e2e docs");
    names.sort();
    assert_eq!(names, examples.keys().copied().collect::<Vec<_>>(), "docs/{page} leaves examples out");
}
