//! The keys of all roles, read off the types that the roles read their settings into: names, kinds and meanings from their
//! source, defaults from their values.

use std::path::Path;
use weft_analyzer::notify::PROTOCOLS;

/// One key that a file may set, or one column of a plan's file.
#[derive(Clone, Debug)]
pub struct Key {
    /// As `weft_settings` lists it: `http.listen`, `notify[].url`, `transport.kafka.*`.
    pub path: String,
    pub kind: String,
    pub is_required: bool,
    /// The comment above the field.
    pub what: String,
}

/// The source files that hold the types.
const FILES: [&str; 16] = [
    "collector/transport/src/config.rs",
    "collector/src/config.rs",
    "collector/src/filter.rs",
    "collector/src/outbox.rs",
    "collector/src/schedule.rs",
    "collector/src/sources/step.rs",
    "collector/src/sources/lldp/mod.rs",
    "analyzer/src/live/config.rs",
    "analyzer/src/http/config.rs",
    "analyzer/src/slurm/config.rs",
    "analyzer/src/kubernetes/config.rs",
    "analyzer/src/notify/config.rs",
    "analyzer/src/notify/labels.rs",
    "analyzer/src/route/silence.rs",
    "collector/wire/src/plan.rs",
    "dashboard/src/config.rs",
];

/// Fields of a struct and of the structs in it; `path` stands before each.
pub fn keys_of(type_name: &str, path: &str) -> Vec<Key> {
    let (attributes, body) = block("struct", type_name).unwrap_or_else(|| panic!("no struct {type_name} in {FILES:?}"));
    let all_default = attributes.contains("serde(default") || attributes.contains(", default)]");
    let (mut keys, mut what, mut attributes) = (Vec::new(), Vec::new(), String::new());
    for line in body.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            what.push(comment.trim());
        } else if line.starts_with("#[") {
            attributes.push_str(line);
        } else if let Some((name, kind)) = line.strip_prefix("pub ").and_then(|field| field.split_once(": ")) {
            let is_flat = attributes.contains("flatten");
            let is_required = !all_default && !is_flat && !attributes.contains("serde(default");
            let field = Field { name, kind: kind.trim_end_matches(','), is_required, is_flat, what: what.join(" ") };
            keys.extend(field.keys(path));
            (what, attributes) = (Vec::new(), String::new());
        }
    }
    keys
}

struct Field<'a> {
    name: &'a str,
    kind: &'a str,
    is_required: bool,
    is_flat: bool,
    what: String,
}

impl Field<'_> {
    fn keys(self, path: &str) -> Vec<Key> {
        let path = if path.is_empty() { self.name.to_owned() } else { format!("{path}.{}", self.name) };
        let path = if self.is_flat { "…".to_owned() } else { path };
        let kind = self.kind.strip_prefix("Option<").and_then(|kind| kind.strip_suffix('>')).unwrap_or(self.kind);
        let key = |path: String, kind: &str| {
            let (is_required, what) = (self.is_required, self.what.clone());
            vec![Key { path, kind: kind.to_owned(), is_required, what }]
        };
        match kind {
            "String" | "PathBuf" | "Address" | "Endpoint" | "Secret" => key(path, "text"),
            "u32" | "u64" | "usize" | "i32" | "i64" => key(path, "whole number"),
            "f64" => key(path, "number"),
            "bool" => key(path, "true or false"),
            "Vec<String>" => key(path, "list of texts"),
            "BTreeMap<String, String>" if self.is_flat => key(path, "text"),
            "BTreeMap<String, String>" | "Labels" | "KafkaProperties" => key(format!("{path}.*"), "text"),
            "NotifyKind" => key(path, &quoted(PROTOCOLS.iter().map(|protocol| protocol.name.to_owned()))),
            name => match block("enum", name) {
                Some((_, body)) => key(path, &variants(&body)),
                None => keys_of(name, &path),
            },
        }
    }
}

/// `"direct"` or `"kafka"`.
fn variants(body: &str) -> String {
    let names = body.lines().map(str::trim).filter(|line| line.starts_with(char::is_uppercase));
    quoted(names.map(|name| name.trim_end_matches(',').to_lowercase()))
}

fn quoted(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

/// The attributes before a type and the lines between its braces.
fn block(what: &str, name: &str) -> Option<(String, String)> {
    FILES.iter().find_map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (before, rest) = source.split_once(&format!("pub {what} {name} {{\n"))?;
        let (body, _) = rest.split_once("\n}")?;
        let attributes: Vec<&str> = before.lines().rev().take_while(|line| line.starts_with(['#', '/'])).collect();
        Some((attributes.join("\n"), body.to_owned()))
    })
}
