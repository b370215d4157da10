//! No file needs one that needs it, not even by way of others: each can be read, tested and replaced on what lies beneath it.

use super::modules::{Needs, needs};
use super::{read, root, sources};
use std::collections::BTreeSet;
use std::path::Path;

/// The crates that are held to it.
const CRATES: [&str; 4] = ["analyzer/src", "analyzer/score/src", "analyzer/trace/src", "collector/src"];

#[test]
fn no_file_needs_itself_by_way_of_others() {
    for folder in CRATES {
        let root = root().join(folder);
        let files = sources(folder);
        let files = files.iter().filter(|path| !path.starts_with(root.join("bin")));
        let needs = needs(files.map(|path| (path.strip_prefix(&root).expect("a file of the crate"), read(path))));
        let shown: Vec<String> = circles(&needs).iter().map(|circle| shown(circle)).collect();
        assert!(shown.is_empty(), "files of {folder} need each other in a circle:\n{}", shown.join("\n"));
    }
}

/// `store → sql → store`; the crate's root is called `lib`.
fn shown(circle: &[String]) -> String {
    let names = circle.iter().chain(circle.first()).map(|module| if module.is_empty() { "lib" } else { module });
    names.collect::<Vec<_>>().join(" → ")
}

/// A shortest circle through each file that is in one, each circle once, begun at its first file in order of names.
fn circles(needs: &Needs) -> BTreeSet<Vec<String>> {
    let through = |start: &String| {
        let mut ways: Vec<Vec<String>> = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in way.last().and_then(|last| needs.get(last)).into_iter().flatten() {
                    if next == start {
                        return Some(way);
                    }
                    if seen.insert(next) {
                        longer.push(way.iter().cloned().chain([next.clone()]).collect());
                    }
                }
            }
            ways = longer;
        }
        None
    };
    needs.keys().filter_map(through).map(turned).collect()
}

fn turned(mut circle: Vec<String>) -> Vec<String> {
    let first = (0..circle.len()).min_by_key(|at| circle[*at].clone()).unwrap_or_default();
    circle.rotate_left(first);
    circle
}

#[test]
fn a_circle_is_found_through_names_that_a_folder_hands_on() {
    let file = |path: &'static str, text: &str| (Path::new(path), text.to_owned());
    let lib = file("lib.rs", "pub mod http;\npub mod store;\n");
    let http = file("http.rs", "use crate::store::{Store, series};\npub struct View;\n");
    let store = file("store/mod.rs", "mod rows;\nmod series;\n\npub use rows::Store;\npub use series::series;\n");
    let rows = file("store/rows.rs", "pub struct Store;\n");
    let check = |series: &str, expected: &[&str]| {
        let series = file("store/series.rs", series);
        let needs = needs([lib.clone(), http.clone(), store.clone(), rows.clone(), series]);
        let shown: Vec<String> = circles(&needs).iter().map(|circle| shown(circle)).collect();
        assert_eq!(shown, expected);
    };
    let circle = ["http → store::series → http"];
    check("use super::Store;\npub fn series() {}\n", &[]);
    check("use super::Store;\nuse crate::http::View;\n", &circle);
    check("fn series() {\n    crate::http::View;\n}\n", &circle);
    check("// crate::http::View\n", &[]);
    check("#[cfg(test)]\nmod tests {\n    use crate::http::View;\n}\n", &[]);
}
