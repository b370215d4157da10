//! An incident told as a short text, for `weft explain` and for those who read rather than click.

use jiff::Timestamp;
use std::fmt::Write;
use weft_judge::incident::{Culprit, EvidenceItem, Incident, State};

/// Lines of at most a terminal's width or so; ends with a line feed.
pub fn story(incident: &Incident) -> String {
    let mut text = format!("{}\n\n", incident.sentence);
    let state = match incident.state {
        State::Suspected => "suspected",
        State::Open => "open",
        State::Resolved => "resolved",
    };
    let confidence = incident.confidence;
    line(&mut text, "incident", format!("{} ({}, {state})", incident.id, incident.class));
    line(&mut text, "certainty", format!("{confidence:.2}, evidence of tier {:?}", incident.tier));
    line(&mut text, "since", format!("{}{}", time(incident.onset_ns), opened_after(incident)));
    for (n, culprit) in incident.culprits.iter().enumerate() {
        line(&mut text, if n == 0 { "culprit" } else { "or else" }, place(culprit));
    }
    for job in &incident.jobs {
        let lost = job.lost_step_time.map_or("an unknown part".into(), |lost| format!("{:.1} %", lost * 100.0));
        line(&mut text, "job", format!("{} loses {lost} of its step time", job.job));
    }
    if !incident.victims.is_empty() {
        let names: Vec<String> = incident.victims.iter().take(8).map(|v| at(&v.device, &v.port)).collect();
        let more = incident.victims.len().saturating_sub(names.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        line(&mut text, "victims", names.join(", ") + &more);
    }
    line(&mut text, "action", incident.action.clone());
    evidence(&mut text, &incident.evidence);
    history(&mut text, incident);
    text
}

fn line(text: &mut String, name: &str, value: String) {
    let _ = writeln!(text, "{name:<10} {value}");
}

fn opened_after(incident: &Incident) -> String {
    incident
        .opened_ns
        .map_or_else(String::new, |opened| format!(", opened {:.1} s later", (opened - incident.onset_ns) as f64 / 1e9))
}

fn place(culprit: &Culprit) -> String {
    let here = at(&culprit.device, &culprit.port);
    let there = at(&culprit.peer_device, &culprit.peer_port);
    let cable = if there.is_empty() { here } else { format!("{here} (cabled to {there})") };
    let reason = if culprit.reason.is_empty() { String::new() } else { format!(": it {}", culprit.reason) };
    format!("{cable}, confidence {:.2}{reason}", culprit.confidence)
}

fn at(device: &str, port: &str) -> String {
    [device, port].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn evidence(text: &mut String, items: &[EvidenceItem]) {
    if items.is_empty() {
        return;
    }
    text.push_str("\nEvidence\n");
    for item in items {
        let said = &item.evidence;
        let (at, since) = (at(&item.device, &item.port), time(item.since_ns));
        if !item.says.is_empty() {
            let _ = writeln!(text, "  {}: {at} {} since {since}", item.fact, item.says);
            show_sql(text, item);
            continue;
        }
        let (value, reference) = (number(said.value), number(said.reference));
        let _ = writeln!(
            text,
            "  {}: {} of {} is {value} {} against {reference} ({}), since {}",
            item.fact, said.counter, at, said.unit, said.reference_of, since,
        );
        show_sql(text, item);
    }
}

fn show_sql(text: &mut String, item: &EvidenceItem) {
    if !item.sql.is_empty() {
        let _ = writeln!(text, "    {}", item.sql);
    }
}

fn history(text: &mut String, incident: &Incident) {
    text.push_str("\nHistory\n");
    for transition in &incident.transitions {
        let after_s = (transition.ts_ns - incident.onset_ns) as f64 / 1e9;
        let _ = writeln!(text, "  {after_s:+9.3} s  {:?}: {}", transition.state, transition.reason);
    }
}

/// Four figures are enough to compare.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        let digits = (3 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.3e}")
    }
}

fn time(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
