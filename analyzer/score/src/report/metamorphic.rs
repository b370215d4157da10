//! What became of verdicts when their traces were disturbed: a row a disturbance, and a row a change.

use super::draw::row;
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
    let head = row([
        "disturbance",
        "traces",
        "followed",
        "found before",
        "found",
        "lost",
        "gained",
        "another class",
        "more false",
        "later by s",
    ]);
    let rows = names(of).into_iter().map(|name| {
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
    std::iter::once(head).chain(rows).collect()
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

/// A row a change, disturbance by disturbance.
pub fn changes(of: &Metamorphic) -> Vec<Vec<String>> {
    let runs = names(of).into_iter().flat_map(|name| of.runs.iter().filter(move |run| run.disturbance == name));
    let rows = runs.flat_map(|run| {
        run.changes.iter().map(move |change| {
            let words = KINDS.iter().find(|(kind, _)| *kind == change.kind).map_or("", |(_, words)| words);
            let trace = format!("{}/{}", run.source, run.trace);
            vec![run.disturbance.to_owned(), trace, words.to_owned(), change.about.clone()]
        })
    });
    std::iter::once(row(["disturbance", "trace", "what", "about"])).chain(rows).collect()
}

/// The disturbances, in the order in which they were run.
fn names(of: &Metamorphic) -> Vec<&'static str> {
    let mut names = Vec::new();
    for run in &of.runs {
        if !names.contains(&run.disturbance) {
            names.push(run.disturbance);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metamorphic::Change;

    #[test]
    fn a_disturbance_is_summed_over_traces() {
        let run = |disturbance, trace: &str, later_s: Vec<f64>, changes: &[(Kind, &str)]| Followed {
            disturbance,
            trace: trace.into(),
            source: "s".into(),
            found_before: 1,
            found: later_s.len(),
            changes: changes.iter().map(|(kind, about)| Change { kind: *kind, about: (*about).into() }).collect(),
            later_s,
        };
        let runs = vec![
            run("renamed", "a", vec![0.0], &[]),
            run("dropped", "a", vec![], &[(Kind::Lost, "slow_link n0/eth0"), (Kind::MoreFalse, "link_down n1/")]),
            run("renamed", "b", vec![0.0], &[]),
            run("dropped", "b", vec![3.0], &[]),
        ];
        let of = Metamorphic { runs };
        let rows: Vec<String> = disturbances(&of).into_iter().skip(1).map(|row| row.join(" | ")).collect();
        let expected = [
            "renamed | 2 | 2 | 2 | 2 | 0 | 0 | 0 | 0 | 0.0 (0.0 to 0.0)",
            "dropped | 2 | 1 | 2 | 1 | 1 | 0 | 0 | 1 | 3.0 (3.0 to 3.0)",
        ];
        assert_eq!(rows, expected);
        let rows: Vec<String> = changes(&of).into_iter().skip(1).map(|row| row.join(" | ")).collect();
        let expected = [
            "dropped | s/a | found no more | slow_link n0/eth0",
            "dropped | s/a | false, and was not there | link_down n1/",
        ];
        assert_eq!(rows, expected);
    }
}
