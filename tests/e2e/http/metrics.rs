//! `/metrics`, read as Prometheus' own linter (`promtool check metrics`) reads it.

use super::Server;
use super::model::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use weft_analyzer::read::{Health, JobView, PortView};
use weft_judge::sample::open;
use weft_wire::{METRICS, MetricKind};

/// Parts of a name that are units but no base units, or short for one.
const NO_BASE_UNITS: [&str; 24] = [
    "ms",
    "us",
    "ns",
    "s",
    "sec",
    "b",
    "kb",
    "mb",
    "gb",
    "tb",
    "pb",
    "m",
    "h",
    "d",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "minutes",
    "hours",
    "days",
    "kilobytes",
    "megabytes",
    "bits",
    "percent",
];
/// Words for a metric's kind, which its name is not to repeat.
const KINDS: [&str; 5] = ["gauge", "counter", "summary", "histogram", "untyped"];

/// Everything that the list of metrics names, in one page.
async fn page() -> String {
    let nasty = "a\"b\\c\nd";
    let jobs = [("train", Some(0.25)), (nasty, Some(0.5))].map(|(job, lost_step_time)| JobView {
        job: job.into(),
        lost_step_time,
        incident: Some("a".into()),
        ..JobView::default()
    });
    let ports = vec![PortView { ends_agree: Some(false), ..PortView::default() }];
    let model = Memory { incidents: vec![Arc::new(open("a"))], ports, jobs: jobs.to_vec(), ..Memory::default() };
    *model.health.lock().expect("no test panics here") = Health { ready: true, reasons: vec![], lag_s: Some(1.5) };
    let server = Server::start(model).await;
    weft_analyzer::http::recorder().expect("no other recorder");
    let asked = ["weft_lag_seconds", "weft_ready", "weft_cables_at_odds", "weft_incidents", "weft_job_loss_ratio"];
    for metric in METRICS.iter().filter(|metric| !asked.contains(&metric.name)) {
        match metric.kind {
            MetricKind::Counter => metrics::counter!(metric.name, "of" => nasty).increment(1),
            MetricKind::Gauge => metrics::gauge!(metric.name, "of" => nasty).set(1.0),
        }
    }
    server.get("/metrics").await.text().await.expect("text")
}

/// The family's name and labels of a line; labels are unescaped only to be told apart.
fn sample(line: &str) -> (&str, &str) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line:?}"));
    value.parse::<f64>().unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let Some((name, labels)) = series.split_once('{') else { return (series, "") };
    (name, labels.strip_suffix('}').unwrap_or_else(|| panic!("labels do not end: {line:?}")))
}

#[derive(Default)]
struct Family<'a> {
    help: Vec<&'a str>,
    kind: Vec<&'a str>,
    series: Vec<&'a str>,
    /// Samples that stand before the family's help and type.
    early: usize,
}

fn families(text: &str) -> BTreeMap<&str, Family<'_>> {
    let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            families.entry(name).or_default().help.push(help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            families.entry(name).or_default().kind.push(kind);
        } else {
            assert!(!line.starts_with('#'), "neither help nor type: {line:?}");
            let (name, labels) = sample(line);
            let family = families.entry(name).or_default();
            family.early += usize::from(family.help.is_empty() || family.kind.is_empty());
            family.series.push(labels);
        }
    }
    families
}

/// What is wrong with one family.
fn problems(name: &str, family: &Family<'_>) -> Vec<&'static str> {
    let unique: BTreeSet<_> = family.series.iter().collect();
    let parts = || name.split('_');
    let is_counter = family.kind == ["counter"];
    let checks = [
        (family.help.len() == 1 && family.help.iter().all(|help| help.len() > 10), "no help"),
        (family.kind.len() == 1 && (is_counter || family.kind == ["gauge"]), "no type"),
        (!family.series.is_empty(), "no samples"),
        (family.early == 0, "samples before help and type"),
        (unique.len() == family.series.len(), "a series twice"),
        (is_counter == name.ends_with("_total"), "_total is for counters"),
        (name.starts_with("weft_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "name"),
        (!parts().any(|part| NO_BASE_UNITS.contains(&part)), "no base unit"),
        (!parts().any(|part| KINDS.contains(&part)), "its kind in its name"),
        (!["_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)), "a histogram's suffix"),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, problem)| problem).collect()
}

#[tokio::test]
async fn every_metric_has_help_and_type_and_a_name_by_the_rules() {
    let text = page().await;
    let families = families(&text);
    let wrong: Vec<_> = families
        .iter()
        .map(|(name, family)| (name, problems(name, family)))
        .filter(|(_, problems)| !problems.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} in\n{text}");
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(listed.len(), METRICS.len(), "a name stands twice in METRICS");
    assert_eq!(families.keys().copied().collect::<BTreeSet<_>>(), listed);
    assert!(text.contains("weft_job_loss_ratio{job=\"a\\\"b\\\\c\\nd\"} 0.5\n"), "{text}");
    promtool(&text);
}

/// The linter itself, where it is installed (Debian's package `prometheus` brings it).
fn promtool(text: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else { return };
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("promtool reads");
    let ended = child.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.trim().is_empty(), "promtool: {said}");
}

/// Names that the code counts under: the first text after `counter!(`, `gauge!(` or `histogram!(`, and any text that
/// ends as a counter does.
fn counted(source: &str) -> Vec<&str> {
    let texts = source.split('"').skip(1).step_by(2);
    let counters = texts.filter(|text| text.starts_with("weft_") && text.ends_with("_total"));
    let after_macro = ["counter!(\"", "gauge!(\"", "histogram!(\""];
    let macros = after_macro.iter().flat_map(|begin| source.split(begin).skip(1));
    counters.chain(macros.filter_map(|rest| rest.split('"').next())).collect()
}

#[test]
fn what_the_code_counts_has_a_row_in_the_list() {
    let mut folders: Vec<PathBuf> =
        ["collector/src", "collector/transport/src", "analyzer/src", "dashboard/src", "deploy/weft/src"]
            .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder))
            .to_vec();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).expect("a source");
                let names = counted(&source);
                seen += names.len();
                let unknown = names.into_iter().filter(|name| METRICS.iter().all(|metric| metric.name != *name));
                wrong.extend(unknown.map(|name| format!("{}: {name}", path.display())));
            }
        }
    }
    assert!(seen > 10, "only {seen} names found: the rule looks in the wrong place");
    assert!(wrong.is_empty(), "no row in METRICS (collector/wire/src/metric.rs): {wrong:?}");
}
