//! What is said of a wrong key or value.

use crate::known;
use crate::nearest::nearest;

/// The section that a key stands in: `notify` of `notify[0].url`.
pub fn section_of(key: &str) -> &str {
    key.split(['.', '[']).next().unwrap_or(key)
}

/// `[http]`, `[[notify]]`, `[collector.rates]`.
fn brackets(path: &str) -> String {
    if known::is_list(section_of(path)) { format!("[[{path}]]") } else { format!("[{path}]") }
}

/// A key as its file writes it: `[http] listen`, `[collector] rates.fast_ms`, `[[notify]] url`.
pub fn shown(key: &str) -> String {
    let section = section_of(key);
    let rest = &key[section.len()..];
    let is_element = rest.starts_with('[');
    let rest = if is_element { rest.split_once(']').map_or("", |(_, rest)| rest) } else { rest };
    let section = if is_element { format!("[[{section}]]") } else { brackets(section) };
    match rest.trim_start_matches('.') {
        "" => section,
        rest => format!("{section} {rest}"),
    }
}

/// `section` as it stands in the file without indices: `http`, `notify`, `collector.rates`.
pub fn unknown_key(section: &str, key: &str, known: &[&str]) -> String {
    let place = brackets(section);
    let elsewhere: Vec<String> = known::sections_with(key).into_iter().map(brackets).collect();
    let other = match elsewhere.as_slice() {
        [] => String::new(),
        sections => format!(" (it is a key of {})", sections.join(" and of ")),
    };
    let mend = nearest(key, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("unknown key `{key}` in {place}{other}{mend} (known: {})", known.join(", "))
}

pub fn unknown_section(name: &str, known: &[&str], is_section: bool) -> String {
    let holders: Vec<String> = known::sections_with(name).into_iter().map(brackets).collect();
    if !is_section && !holders.is_empty() {
        return format!("`{name}` stands in no section; write it below {}", holders.join(" or "));
    }
    let mend =
        nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("unknown section `{name}`{mend} (known: {})", known.join(", "))
}

/// serde's message for somebody who does not know Rust's types.
pub fn plainly(message: &str) -> String {
    let words = [
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list, as [\"a\", \"b\"]"),
        ("expected a map", "expected a section"),
        ("expected a string", "expected a text in quotes"),
        ("invalid type: sequence", "invalid type: list"),
        ("invalid type: map", "invalid type: section"),
        ("invalid type: string", "invalid type: text"),
    ];
    let mut said = message.trim().to_owned();
    for (rust, plain) in words {
        said = said.replace(rust, plain);
    }
    let Some((before, expected)) = said.rsplit_once("expected ") else { return said };
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => format!("{before}expected a whole number, 0 or more ({expected})"),
        "i8" | "i16" | "i32" | "i64" => format!("{before}expected a whole number ({expected})"),
        "f32" | "f64" => format!("{before}expected a number ({expected})"),
        _ if expected.starts_with("struct ") => format!("{before}expected a section"),
        _ => said,
    }
}
