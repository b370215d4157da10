//! `docs/configuration.md`, made from the types.

use super::schema::{Key, keys_of};
use std::fmt::Write;
use toml::Value;

#[derive(Clone, Debug)]
pub struct Section {
    /// `http`, or `notify[]` of a list of sections.
    pub name: &'static str,
    pub keys: Vec<Key>,
    pub defaults: Value,
}

const HEAD: &str = r#"# Configuration

Made from the types by `UPDATE=1 cargo test --workspace --test e2e configuration`: edit the comments of the types, not this page.

Every role reads the same file (`--config weft.toml`), in this order; the later wins:

1. the file, in TOML and UTF-8;
2. variables, `WEFT_<SECTION>_<KEY>` with `__` for a dot: `WEFT_HTTP_LISTEN`, `WEFT_COLLECTOR_RATES__FAST_MS`,
   `WEFT_TRANSPORT_KAFKA__SASL__USERNAME`; those of a list of sections speak of the first one, `WEFT_NOTIFY_URL`;
3. flags.

A variable is typed by its key: `60`, `true`, a list as `a, b` or `["a", "b"]`. The variables that Kubernetes makes for
Services (`WEFT_ANALYZER_PORT=tcp://…`) are no settings. A role reads the sections that it needs; an unknown section or key
is an error in each of them, which names the file, the line and the name that may have been meant. `--check-config` prints what
is in force, secrets hidden, or says what a start would say.

An address to listen on is written `127.0.0.1:9870`, `localhost:9870`, `[::1]:9870`, or `:9870` for all interfaces; port 0
takes a free one.
"#;

pub const EXAMPLE: &str = r#"[transport]
kind = "kafka"
bootstrap = "k1:9092,k2:9092"

[transport.kafka]
"security.protocol" = "SASL_SSL"
"sasl.mechanism" = "SCRAM-SHA-512"
"sasl.username" = "weft"
"sasl.password" = "never shown"

[collector]
labels = { rack = "r7", plane = "a" }

[analyzer]
plan = "/etc/weft/plan"
state = "/var/lib/weft"

[http]
listen = ":9870"
external_url = "https://weft.example"
allowed_hosts = ["weft.example", "*.monitoring.svc.cluster.local"]

[alerts]
external_labels = { cluster = "a" }

[[notify]]
kind = "alertmanager"
url = "http://alertmanager:9093"

[[notify]]
kind = "webhook"
name = "chat"
url = "https://chat.example/hooks/weft"
secret = "signs the body"

[[silence]]
device = "leaf3"
until = "2030-01-01T08:00:00Z"
comment = "line card is being swapped"
"#;

const PLAN: &str = "
## The plan folder

`[analyzer] plan` names a folder of CSV files that say what should be there. Each begins with a line of column names, in any
order; a column that is optional may be left out or empty. `devices.csv` must be there; without one of the others weft knows
only what collectors tell of it. A trace holds the same files.
";

pub fn page(sections: &[Section]) -> String {
    let mut page = HEAD.to_owned();
    let _ = write!(page, "\n```toml\n{EXAMPLE}```\n");
    for section in sections {
        let name = match section.name.strip_suffix("[]") {
            Some(name) => format!("[[{name}]]"),
            None => format!("[{}]", section.name),
        };
        let _ = write!(
            page,
            "\n## {name}\n\n| key | type | default | unit | variable | what |\n|---|---|---|---|---|---|\n"
        );
        section.keys.iter().for_each(|key| row(&mut page, section, key));
    }
    page.push_str(PLAN);
    let files = [
        ("devices.csv", "PlanDevice"),
        ("ports.csv", "PlanPort"),
        ("cables.csv", "PlanCable"),
        ("jobs.csv", "PlanJob"),
    ];
    for (file, of) in files {
        let _ = write!(page, "\n### {file}\n\n| column | type | | what |\n|---|---|---|---|\n");
        for Key { path, kind, is_required, what } in keys_of(of, "") {
            let need = if is_required { "required" } else { "optional" };
            let _ = writeln!(page, "| `{path}` | {kind} | {need} | {} |", escaped(&what));
        }
    }
    page
}

fn row(page: &mut String, section: &Section, key: &Key) {
    let name = key.path.strip_prefix(section.name).unwrap_or(&key.path).trim_start_matches('.');
    let variable = format!("WEFT_{}_{}", section.name.trim_end_matches("[]"), name.replace('.', "__"));
    let default = match name.split('.').try_fold(&section.defaults, |value, key| value.get(key)) {
        _ if key.is_required => "required".to_owned(),
        Some(value) => format!("`{value}`"),
        None => String::new(),
    };
    let Key { kind, what, .. } = key;
    let (kind, default, what) = (escaped(kind), escaped(&default), escaped(what));
    let variable = variable.to_ascii_uppercase();
    let _ = writeln!(page, "| `{name}` | {kind} | {default} | {} | `{variable}` | {what} |", unit(name));
}

/// The last word of a name that measures something.
fn unit(name: &str) -> &'static str {
    match name.rsplit(['_', '.']).next() {
        Some("s") => "s",
        Some("ms") => "ms",
        Some("bytes") => "bytes",
        _ => "",
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
