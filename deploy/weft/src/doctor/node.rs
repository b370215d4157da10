//! What a collector can read on this machine, by the lines of `weft collector --once --explain`.

use super::finding::{Finding, Level};
use std::collections::{BTreeMap, BTreeSet};
use weft_collector::Line;

/// Clocks that are further apart than this make readings of one moment look like readings of two: judging needs 50 ms.
const CLOCK_US: f64 = 50_000.0;
/// So many names of ports or counters are written out.
const NAMED: usize = 4;

/// Of a copied tree (`--root`) nothing is said of the clock, which a copy does not have.
pub fn findings(lines: &[Line], is_live: bool) -> Vec<Finding> {
    let mut found = sources(lines);
    found.extend(not_read(lines));
    found.push(ports(lines));
    found.extend(clock(lines).filter(|_| is_live));
    found
}

fn finding(level: Level, what: String, mend: &str) -> Finding {
    Finding { about: "node", level, what, mend: mend.to_owned() }
}

/// One line a source that reads something, and one for all that have nothing to read here.
fn sources(lines: &[Line]) -> Vec<Finding> {
    let mut read: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for line in lines.iter().filter(|line| matches!(line.status, "ok" | "unmapped")) {
        let (counters, ports) = read.entry(&line.source).or_default();
        *counters += 1;
        ports.extend(Some(line.port.as_str()).filter(|port| !port.is_empty()));
    }
    let well = |(source, (counters, ports)): (&str, (usize, BTreeSet<&str>))| {
        let of = if ports.is_empty() { String::new() } else { format!(" of {}", some(&ports)) };
        finding(Level::Well, format!("{source} reads {counters} counters{of}"), "")
    };
    let mut found: Vec<Finding> = read.into_iter().map(well).collect();
    let is_absent = |line: &&Line| line.status == "absent" && line.port.is_empty() && line.raw_name.is_empty();
    let absent: Vec<String> =
        lines.iter().filter(is_absent).map(|line| format!("{} ({})", line.source, line.reason)).collect();
    if !absent.is_empty() {
        found.push(finding(Level::Note, format!("nothing to read here for {}", absent.join(", ")), ""));
    }
    found
}

/// Counters and ports that are not seen for one reason.
#[derive(Default)]
struct NotRead<'a> {
    counters: BTreeSet<&'a str>,
    ports: BTreeSet<&'a str>,
}

/// Counters that are there and not seen, one finding a source and reason.
fn not_read(lines: &[Line]) -> Vec<Finding> {
    let mut by_reason: BTreeMap<[&str; 3], NotRead<'_>> = BTreeMap::new();
    for line in lines.iter().filter(|line| matches!(line.status, "blind" | "failed")) {
        let NotRead { counters, ports } = by_reason.entry([line.status, &line.source, &line.reason]).or_default();
        counters.extend([line.counter.as_str(), line.raw_name.as_str()].into_iter().find(|name| !name.is_empty()));
        ports.extend(Some(line.port.as_str()).filter(|port| !port.is_empty()));
    }
    let say = |([status, source, reason], NotRead { counters, ports }): ([&str; 3], NotRead<'_>)| {
        let is = if status == "blind" { "is blind" } else { "cannot be read" };
        let what = match counters.is_empty() {
            true => format!("{source} {is}: {reason}"),
            false => format!("{source}: {} of {} {is}: {reason}", some(&counters), some(&ports)),
        };
        finding(Level::Warning, what, mend(reason))
    };
    by_reason.into_iter().map(say).collect()
}

fn mend(reason: &str) -> &'static str {
    let is_refused = ["Permission denied", "Operation not permitted", "CAP_"].iter().any(|word| reason.contains(word));
    match is_refused {
        true => "run the collector as root or with the capabilities of deploy/systemd/weft-collector.service",
        false => "weft collector --once --explain says it of each counter",
    }
}

fn ports(lines: &[Line]) -> Finding {
    let is_of_port = |line: &&Line| matches!(line.source.as_str(), "netdev" | "infiniband") && line.status == "ok";
    let ports: BTreeSet<&str> = lines.iter().filter(is_of_port).map(|line| line.port.as_str()).collect();
    match ports.is_empty() {
        true => finding(
            Level::Warning,
            "no port of the fabric is read: no interface here has a wire of its own".into(),
            "name the interfaces in [collector.interfaces] include",
        ),
        false => finding(Level::Well, format!("ports of the fabric: {}", some(&ports)), ""),
    }
}

fn clock(lines: &[Line]) -> Option<Finding> {
    let line = lines.iter().find(|line| line.counter == "clock_error_us")?;
    let error_us = line.value.as_ref().and_then(serde_json::Number::as_f64).filter(|_| line.status == "ok");
    Some(match error_us {
        Some(us) if us <= CLOCK_US => finding(Level::Well, format!("the clock is kept within {us} µs"), ""),
        Some(us) => finding(
            Level::Warning,
            format!("the clock may be off by {us} µs; judging needs {CLOCK_US} µs"),
            "see `chronyc tracking`: sources that answer, and stratum",
        ),
        None => finding(Level::Warning, format!("the clock: {}", line.reason), "install and start chrony"),
    })
}

/// `eth0, eth1, eth2, eth3 and 12 more`.
fn some(names: &BTreeSet<&str>) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).copied().collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
