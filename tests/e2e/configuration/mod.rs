//! What is told of the settings is what the types are: the page, and the list of keys that every role knows by name.

mod page;
mod schema;

use page::Section;
use schema::keys_of;
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Value;
use weft_analyzer::notify::{Endpoint, NotifyConfig, NotifyKind};
use weft_settings::{Flags, Settings, parse};

fn value(of: impl Serialize) -> Value {
    Value::try_from(of).expect("settings are TOML")
}

/// Every section of the file with the type that holds its keys, and its defaults.
fn sections() -> Vec<Section> {
    let analyzer = value(weft_analyzer::config::Config::default());
    let endpoint = Endpoint::try_from(String::from("http://a")).expect("a URL");
    let webhook = NotifyKind::named("webhook").expect("a row of its own");
    let rows = [
        ("transport", "TransportConfig", analyzer["transport"].clone()),
        ("collector", "CollectorConfig", value(weft_collector::CollectorConfig::default())),
        ("analyzer", "AnalyzerConfig", analyzer["analyzer"].clone()),
        ("http", "HttpConfig", analyzer["http"].clone()),
        ("slurm", "SlurmConfig", analyzer["slurm"].clone()),
        ("kubernetes", "KubernetesConfig", analyzer["kubernetes"].clone()),
        ("dashboard", "DashboardConfig", value(weft_dashboard::DashboardConfig::default())),
        ("alerts", "AlertsConfig", analyzer["alerts"].clone()),
        ("notify[]", "NotifyConfig", value(NotifyConfig::new(webhook, endpoint))),
        ("silence[]", "SilenceConfig", value(weft_analyzer::route::SilenceConfig::default())),
    ];
    rows.map(|(name, of, defaults)| Section { name, keys: keys_of(of, name), defaults }).to_vec()
}

/// Written when `UPDATE` is set.
fn agrees(path: &str, made: &str) -> bool {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, made).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    std::fs::read_to_string(&path).unwrap_or_default() == made
}

const MEND: &str = "UPDATE=1 cargo test --workspace --test e2e configuration";

#[test]
fn docs_configuration_md_tells_what_the_types_do() {
    let sections = sections();
    for key in sections.iter().flat_map(|section| &section.keys) {
        assert!(!key.what.is_empty(), "{} says nothing of itself: write a comment above it", key.path);
    }
    assert!(agrees("docs/configuration.md", &page::page(&sections)), "docs/configuration.md is stale: {MEND}");
}

/// The source is read as text here: whatever a value holds must have been found in it.
#[test]
fn no_key_of_a_value_is_missed() {
    fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Table(table) if !table.is_empty() => {
                table.iter().for_each(|(key, value)| paths(value, &format!("{path}.{key}"), found));
            }
            Value::Table(_) => found.push(format!("{path}.*")),
            _ => found.push(path.to_owned()),
        }
    }
    for section in sections() {
        let mut held = Vec::new();
        paths(&section.defaults, section.name, &mut held);
        assert!(!held.is_empty());
        for path in held {
            assert!(section.keys.iter().any(|key| key.path == path), "{path} is in no struct that was read");
        }
    }
}

#[test]
fn every_role_knows_the_names_of_all_keys() {
    let keys: Vec<String> = sections().into_iter().flat_map(|section| section.keys).map(|key| key.path).collect();
    assert!(keys.len() > 40, "only {} keys", keys.len());
    let agrees = agrees("collector/settings/keys.txt", &(keys.join("\n") + "\n"));
    assert!(agrees, "collector/settings/keys.txt is stale: {MEND}");
}

#[test]
fn the_pages_example_is_taken_by_every_role() {
    fn taken<T: Settings>() {
        if let Err(error) = parse::<T>("docs/configuration.md", page::EXAMPLE, [], &Flags::default()) {
            panic!("{error}");
        }
    }
    taken::<weft_analyzer::config::Config>();
    taken::<weft_collector::Config>();
    taken::<weft_dashboard::Config>();
}
