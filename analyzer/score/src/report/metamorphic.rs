//! What became of verdicts when their traces were disturbed: a row a disturbance, and a row a change.

use super::tables::row;
use crate::metamorphic::{Followed, Kind, Metamorphic};

const KINDS: [(Kind, &str); 5] = [
    (Kind::Lost, "found no more"),
    (Kind::Gained, "found now"),
    (Kind::Renamed, "another class"),
    (Kind::MoreFalse, "false, and was not there"),
    (Kind::FewerFalse, "false, and is gone"),
];

/// A row a disturbance, in the order in which they were run.
pub fn disturbances(of: &Metamorphic) -> Vec<Vec<String>> {
    let head =
        ["disturbance", "traces", "followed", "found before", "found", "lost", "gained", "another class", "more false"];
    let mut names: Vec<&str> = Vec::new();
    of.runs.iter().for_each(|run| {
        if !names.contains(&run.disturbance) {
            names.push(run.disturbance)
        }
    });
    let rows = names.into_iter().map(|name| {
        let runs: Vec<&Followed> = of.runs.iter().filter(|run| run.disturbance == name).collect();
        let sum = |count: fn(&Followed) -> usize| runs.iter().map(|run| count(run)).sum::<usize>().to_string();
        let changes = |kind: Kind| runs.iter().flat_map(|r| &r.changes).filter(|c| c.kind == kind).count().to_string();
        vec![
            name.to_owned(),
            runs.len().to_string(),
            runs.iter().filter(|run| run.changes.is_empty()).count().to_string(),
            sum(|run| run.found_before),
            sum(|run| run.found),
            changes(Kind::Lost),
            changes(Kind::Gained),
            changes(Kind::Renamed),
            changes(Kind::MoreFalse),
            later(&runs),
        ]
    });
    std::iter::once([row(head), row(["later by s"])].concat()).chain(rows).collect()
}

/// Of the faults found both times, the median and the most.
fn later(runs: &[&Followed]) -> String {
    let mut all: Vec<f64> = runs.iter().flat_map(|run| run.later_s.iter().copied()).collect();
    all.sort_by(f64::total_cmp);
    match (all.get(all.len() / 2), all.first(), all.last()) {
        (Some(median), Some(least), Some(most)) => format!("{median:.1} ({least:.1} to {most:.1})"),
        _ => String::new(),
    }
}

pub fn changes(of: &Metamorphic) -> Vec<Vec<String>> {
    let rows = of.runs.iter().flat_map(|run| {
        run.changes.iter().map(move |change| {
            let words = KINDS.iter().find(|(kind, _)| *kind == change.kind).map_or("", |(_, words)| words);
            vec![
                run.disturbance.to_owned(),
                format!("{}/{}", run.source, run.trace),
                words.to_owned(),
                change.about.clone(),
            ]
        })
    });
    std::iter::once(row(["disturbance", "trace", "what", "about"])).chain(rows).collect()
}
