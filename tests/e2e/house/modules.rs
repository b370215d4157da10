//! Which file of a crate needs which other, read off the text of its sources.
//!
//! A file needs another when it imports a name that the other defines, or writes that name with its path. A folder's
//! `mod.rs` often only hands on what its files define (`pub use`): that is no need of its own, and whoever imports such a
//! name needs the file that defines it. Tests are left out: they may look at everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Module paths such as `route::receiver::deliver`; the crate's root is empty.
pub type Needs = BTreeMap<String, BTreeSet<String>>;

#[derive(Default)]
struct File {
    /// Paths that are imported or written out, as they stand.
    paths: Vec<String>,
    /// Names that are handed on, with the path that each stands for.
    handed_on: BTreeMap<String, String>,
    /// Modules declared here for tests alone.
    test_modules: Vec<String>,
}

/// `sources`: path below the crate's `src`, and text.
pub fn needs<'a>(sources: impl IntoIterator<Item = (&'a Path, String)>) -> Needs {
    let mut files: BTreeMap<String, File> =
        sources.into_iter().map(|(path, text)| (module_of(path), read(&text))).collect();
    let inside =
        |module: &str, name: &str| if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
    let tests: Vec<String> = files
        .iter()
        .flat_map(|(module, file)| file.test_modules.iter().map(move |name| inside(module, name)))
        .collect();
    let is_test = |module: &str| tests.iter().any(|t| module == t || module.starts_with(&format!("{t}::")));
    files.retain(|module, _| !is_test(module));
    let needed = |module: &String, file: &File| {
        let found = file.paths.iter().filter_map(|path| definer(&files, module, path));
        found.filter(|other| other != module).collect()
    };
    files.iter().map(|(module, file)| (module.clone(), needed(module, file))).collect()
}

/// `route/receiver/deliver.rs` and `route/receiver/mod.rs` are modules; `lib.rs` is the root.
fn module_of(path: &Path) -> String {
    let parts = path.with_extension("");
    let parts = parts.iter().filter_map(|part| part.to_str()).filter(|part| !["mod", "lib", "main"].contains(part));
    parts.collect::<Vec<_>>().join("::")
}

fn read(text: &str) -> File {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut file = File::default();
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let (mut modules, mut is_for_tests, mut code) = (Vec::new(), false, Vec::new());
    while let Some(line) = lines.next() {
        let (visibility, rest) = visible(line.trim());
        if let Some(first) = rest.strip_prefix("use ") {
            let mut statement = first.to_owned();
            while !statement.contains(';') {
                statement.push_str(lines.next().expect("an import ends with a semicolon").trim());
            }
            take_import(&mut file, statement.trim_end_matches(';'), visibility);
        } else if let Some(name) = rest.strip_prefix("mod ").and_then(|name| name.strip_suffix(';')) {
            if is_for_tests { file.test_modules.push(name.to_owned()) } else { modules.push(name.to_owned()) }
        } else {
            code.push(line);
        }
        is_for_tests = line.trim() == "#[cfg(test)]";
    }
    let code = code.join("\n");
    let starts = ["crate", "super"].into_iter().chain(modules.iter().map(String::as_str));
    file.paths.extend(starts.flat_map(|start| written_out(&code, start)));
    file
}

/// Whether an item is public in some way, and the rest of its line.
fn visible(line: &str) -> (bool, &str) {
    let Some(rest) = line.strip_prefix("pub") else { return (false, line) };
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or(rest, |(_, rest)| rest),
        None => rest,
    };
    (true, rest.trim_start())
}

fn take_import(file: &mut File, tree: &str, is_handed_on: bool) {
    for path in expanded(tree) {
        let (path, name) = match path.split_once(" as ") {
            Some((path, name)) => (path.to_owned(), name.to_owned()),
            None => (path.clone(), path.rsplit("::").next().unwrap_or_default().to_owned()),
        };
        match is_handed_on && name != "*" {
            true => drop(file.handed_on.insert(name, path)),
            false => file.paths.push(path),
        }
    }
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn expanded(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in rest.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let one = rest[start..at].trim();
                found.extend(expanded(one).into_iter().filter(|one| !one.is_empty()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.into_iter().map(|one| format!("{}{one}", before.trim())).collect()
}

/// Paths in the code that begin with `start`.
fn written_out(code: &str, start: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let start = format!("{start}::");
    let begins = code.match_indices(&start).map(|(at, _)| at);
    let begins = begins.filter(|at| !code[..*at].ends_with(is_part));
    begins.map(|at| code[at..].split(|letter| !is_part(letter)).next().unwrap_or_default().to_owned()).collect()
}

/// The module that defines what a path in `module` stands for; `None` outside the crate.
fn definer(files: &BTreeMap<String, File>, module: &str, path: &str) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let mut rest: Vec<&str> = path.split("::").collect();
    match rest[0] {
        "crate" => (at, rest) = (Vec::new(), rest[1..].to_vec()),
        "self" => rest = rest[1..].to_vec(),
        "super" => {
            while rest.first() == Some(&"super") {
                at.pop();
                rest.remove(0);
            }
        }
        first if files.contains_key(&[&at[..], &[first]].concat().join("::")) => {}
        _ => return None,
    }
    while let Some(next) = rest.first() {
        let inner = [&at[..], &[*next]].concat();
        if !files.contains_key(&inner.join("::")) {
            break;
        }
        (at, rest) = (inner, rest[1..].to_vec());
    }
    let here = at.join("::");
    let handed_on = rest.first().and_then(|name| files.get(&here)?.handed_on.get(*name));
    handed_on.and_then(|path| definer(files, &here, path)).or(Some(here))
}
