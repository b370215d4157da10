//! An incident in one sentence: which job loses how much, to which part, why, and what else it may be.

use super::case::Case;
use crate::fabric::Part;
use crate::incident::Culprit;

/// Below this part of the step time a loss is not worth a number in the sentence.
const WORTH_SAYING: f64 = 0.005;

pub fn of(case: &Case, culprits: &[Culprit]) -> String {
    let what = what(case);
    let Some((accused, others)) = culprits.split_first() else { return of_job(case, &what) };
    let part = part(accused);
    let worst = case.jobs.iter().max_by(|a, b| a.1.lost.unwrap_or(0.0).total_cmp(&b.1.lost.unwrap_or(0.0)));
    let verdict = match worst.map(|(job, cost)| (job, cost.lost)) {
        Some((job, Some(lost))) if lost >= WORTH_SAYING => {
            format!("job {job} loses {:.0} % of its step time: {part} {what}", lost * 100.0)
        }
        Some((job, _)) => format!("{part} {what}; job {job} runs over it"),
        None => format!("{part} {what}"),
    };
    verdict + &or_else(others)
}

/// Nobody is accused: a job is slow, or somebody works at parts and said so.
fn of_job(case: &Case, what: &str) -> String {
    if matches!(case.part, Part::Maintenance(_)) {
        return what.to_owned();
    }
    let jobs = case.jobs.iter().find_map(|(job, cost)| Some((job, cost.lost?)));
    match jobs.filter(|(_, lost)| *lost >= WORTH_SAYING) {
        Some((job, lost)) => format!("job {job} loses {:.0} % of its step time: {what}", lost * 100.0),
        None => format!("{} is slow: {what}", case.part),
    }
}

/// The trouble in words, with its number, to follow the part.
fn what(case: &Case) -> String {
    let is_over = case.clear_since_ns.is_some();
    case.main_fact().map_or_else(String::new, |fact| fact.payload.verdict(fact.shown_at.as_ref(), is_over))
}

fn part(culprit: &Culprit) -> String {
    let own = name(&culprit.device, &culprit.port);
    match culprit.peer_device.is_empty() {
        true => own,
        false => format!("the link {own} – {}", name(&culprit.peer_device, &culprit.peer_port)),
    }
}

/// Candidates in words: one is named, more are counted.
fn or_else(candidates: &[Culprit]) -> String {
    match candidates {
        [] => String::new(),
        [one] => format!("; or else it is {}, which {}", name(&one.device, &one.port), one.reason),
        [one, ..] => {
            format!("; or else it is one of {} other parts, as {}", candidates.len(), name(&one.device, &one.port))
        }
    }
}

fn name(device: &str, port: &str) -> String {
    if port.is_empty() { device.to_owned() } else { format!("{device} {port}") }
}
