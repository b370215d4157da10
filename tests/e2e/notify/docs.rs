//! The examples of docs/notify.md.

use super::rig::{Rig, Sent, alertmanager, seconds_ahead};
use crate::docs;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_analyzer::notify::{Alert, Context, NotifyConfig};
use weft_analyzer::route::MemoryLog;
use weft_judge::sample::{Changed, open};
use weft_settings::Secret;

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

/// The request line, the headers that are weft's, the body; indented, which the real one is not.
fn shown(sent: &Sent) -> String {
    let headers = ["content-type", "authorization", "weft-delivery", "weft-signature"];
    let headers = headers.map(|name| (name, sent.header(name)));
    let headers =
        headers.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}\n"));
    format!("POST {}\n{}\n{}", sent.path, headers.collect::<String>(), pretty(&sent.json()))
}

/// Wall time differs from run to run: it is checked here and put in words.
fn in_words(sent: &Sent, range: std::ops::Range<f64>, key: &str, words: &str) -> Sent {
    let mut body = sent.json();
    for alert in body.as_array_mut().into_iter().flatten() {
        let ahead_s = seconds_ahead(&alert[key]);
        assert!(range.contains(&ahead_s), "{key} lies {ahead_s} s ahead");
        alert[key] = json!(words);
    }
    Sent { body: body.to_string(), ..sent.clone() }
}

async fn of_the_webhook(examples: &mut BTreeMap<&str, String>) {
    let signed = |config: &mut NotifyConfig| config.secret = Some(Secret::new("s3cret"));
    let rig = Rig::start(signed).await;
    rig.offer(open("5f1c02d98ab3e774"));
    examples.insert("webhook-firing", shown(&rig.request(0).await));
    rig.offer(open("5f1c02d98ab3e774").resolved(75));
    examples.insert("webhook-resolved", shown(&rig.request(1).await));
    rig.stop().await;
}

async fn of_alertmanager(examples: &mut BTreeMap<&str, String>) {
    let token = |config: &mut NotifyConfig| config.secret = Some(Secret::new("t0ken"));
    let rig = Rig::start_with(alertmanager, token, vec![], Arc::new(MemoryLog::default())).await;
    let alive = in_words(&rig.request(0).await, -60.0..0.0, "startsAt", "(the start of weft)");
    examples.insert("dead-man", shown(&in_words(&alive, 590.0..600.1, "endsAt", "(now + 600 s)")));
    rig.offer(open("5f1c02d98ab3e774"));
    examples.insert(
        "alertmanager-firing",
        shown(&in_words(&rig.request(1).await, 590.0..600.1, "endsAt", "(now + 600 s)")),
    );
    rig.offer(open("5f1c02d98ab3e774").resolved(75));
    examples.insert("alertmanager-resolved", shown(&rig.request(2).await));
    rig.stop().await;
}

#[tokio::test]
async fn docs_of_notify_show_what_is_sent() {
    let mut examples = BTreeMap::new();
    of_the_webhook(&mut examples).await;
    of_alertmanager(&mut examples).await;
    docs::check("notify.md", &examples);
}

/// The page names every label and annotation that an alert may have.
#[test]
fn docs_of_notify_name_every_label() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/notify.md")).expect("the page");
    let alert = Alert::of(&open("1"), &Context::default()).expect("it is sent");
    let names: Vec<&String> = alert.labels.keys().chain(alert.annotations.keys()).collect();
    assert!(names.len() > 10, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/notify.md does not name {missing:?}");
}
