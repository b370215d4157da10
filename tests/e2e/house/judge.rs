//! What the judge may not see, and which way its rooms lean on each other.

use super::modules::needs;
use super::{read, root, sources};
use std::path::Path;

const FOLDER: &str = "analyzer/judge/src";

/// No wall clock, no IO, no transport, no SQL: a replay of the same data gives the same incidents.
const IMPURE: [&str; 9] =
    ["SystemTime", "Instant", "std::fs", "std::net", "tokio", "rdkafka", "weft_transport", "datafusion", "weft_sim"];

/// The rooms of the judge. The files of a room may need each other and those of the rooms before it.
const ROOMS: [&str; 9] =
    ["statistics", "guard", "fabric", "incident", "features", "kinds", "detect", "diagnose", "engine"];
/// Scenes for tests, which see every room.
const FOR_TESTS: [&str; 2] = ["sample", "testkit"];

#[test]
fn what_judges_sees_no_clock_and_no_io() {
    for file in sources(FOLDER) {
        let text = read(&file);
        let seen: Vec<_> = IMPURE.iter().filter(|word| text.contains(**word)).collect();
        assert!(seen.is_empty(), "{} speaks of {seen:?}", file.display());
    }
}

#[test]
fn rooms_of_the_judge_need_only_those_before_them() {
    let root = root().join(FOLDER);
    let files = sources(FOLDER);
    let files = files.iter().map(|path| (path.strip_prefix(&root).expect("a file of the crate"), read(path)));
    let wrong = turned_round(files);
    assert!(wrong.is_empty(), "the order is {}:\n{}", ROOMS.join(" ← "), wrong.join("\n"));
}

/// Each need of a file in a room for a file in a later one, as `kinds::class → detect`.
fn turned_round<'a>(files: impl IntoIterator<Item = (&'a Path, String)>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, needed) in needs(files) {
        let Some(own) = place(&file) else { continue };
        let later = needed.iter().filter(|other| place(other).is_none_or(|of_other| of_other > own));
        wrong.extend(later.map(|other| format!("{file} → {other}")));
    }
    wrong
}

/// Where a file's room stands in the order; `None` for the crate's root and for scenes of tests.
fn place(file: &str) -> Option<usize> {
    let room = file.split("::").next().unwrap_or_default();
    let place = ROOMS.iter().position(|known| *known == room);
    assert!(place.is_some() || room.is_empty() || FOR_TESTS.contains(&room), "{room} is no room of the judge yet");
    place
}

#[test]
fn an_arrow_that_is_turned_round_is_found() {
    let check = |kinds: &str, expected: &[&str]| {
        let lib = (Path::new("lib.rs"), "pub mod detect;\npub mod kinds;\n".to_owned());
        let detect = (Path::new("detect/mod.rs"), "use crate::kinds::Fact;\npub struct Sink;\n".to_owned());
        let kinds = (Path::new("kinds/mod.rs"), kinds.to_owned());
        assert_eq!(turned_round([lib, detect, kinds]), expected);
    };
    check("pub struct Fact;\n", &[]);
    check("use crate::detect::Sink;\npub struct Fact;\n", &["kinds → detect"]);
    check("pub struct Fact(super::detect::Sink);\n", &["kinds → detect"]);
}
