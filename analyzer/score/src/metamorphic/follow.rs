//! Whether a verdict followed its trace through a disturbance.

use crate::compare::{Compared, Fate, Fault};
use serde::Serialize;
use std::collections::BTreeMap;

/// All disturbances of all traces.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Metamorphic {
    pub runs: Vec<Followed>,
}

impl Metamorphic {
    pub fn follows(&self) -> bool {
        self.runs.iter().all(|run| run.changes.is_empty())
    }
}

/// One disturbance of one trace.
#[derive(Clone, Debug, Serialize)]
pub struct Followed {
    pub disturbance: &'static str,
    pub trace: String,
    pub source: String,
    /// Faults found in the trace as it is, and disturbed.
    pub found_before: usize,
    pub found: usize,
    pub changes: Vec<Change>,
    /// Of each fault found both times, by how much later it is told, s.
    pub later_s: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A fault that was found is missed.
    Lost,
    /// A fault that was missed is found.
    Gained,
    /// A fault found both times goes by another class.
    Renamed,
    /// A false incident that was not there.
    MoreFalse,
    /// A false incident that is gone.
    FewerFalse,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// What it is about: `slow_link n3/eth0`.
    pub about: String,
}

/// Compares two comparisons of one trace with its truth.
pub fn followed(disturbance: &'static str, before: &Compared, after: &Compared) -> Followed {
    let pairs: Vec<(&Fault, &Fault)> = before.faults.iter().zip(&after.faults).collect();
    let mut changes: Vec<Change> = pairs.iter().filter_map(|(a, b)| change(a, b)).collect();
    let (was, is) = (false_counts(before), false_counts(after));
    for about in was.keys().chain(is.keys().filter(|about| !was.contains_key(*about))) {
        let count = |of: &BTreeMap<String, usize>| of.get(about).copied().unwrap_or_default();
        let (was, is) = (count(&was), count(&is));
        let kind = if is > was { Kind::MoreFalse } else { Kind::FewerFalse };
        changes.extend((0..is.abs_diff(was)).map(|_| Change { kind, about: about.clone() }));
    }
    let later = |(a, b): &(&Fault, &Fault)| {
        let both = a.found && b.found;
        a.opened_after_ns.zip(b.opened_after_ns).filter(|_| both).map(|(a, b)| (b - a) as f64 / 1e9)
    };
    let found = |compared: &Compared| compared.faults.iter().filter(|f| f.found).count();
    Followed {
        disturbance,
        trace: before.trace.clone(),
        source: before.source.clone(),
        found_before: found(before),
        found: found(after),
        changes,
        later_s: pairs.iter().filter_map(later).collect(),
    }
}

fn change(before: &Fault, after: &Fault) -> Option<Change> {
    let kind = match (before.found, after.found) {
        (true, false) => Kind::Lost,
        (false, true) => Kind::Gained,
        (true, true) if before.said_class != after.said_class => Kind::Renamed,
        _ => return None,
    };
    let about = match kind {
        Kind::Renamed => {
            let [was, is] = [before, after].map(|fault| fault.said_class.as_deref().unwrap_or_default());
            format!("{} {}: {was} → {is}", before.class, before.part)
        }
        _ => format!("{} {}", before.class, before.part),
    };
    Some(Change { kind, about })
}

/// False incidents by class and place; a cable is one place, whichever end it goes by.
fn false_counts(compared: &Compared) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for verdict in compared.verdicts.iter().filter(|v| v.fate == Fate::False) {
        *counts.entry(format!("{} {}", verdict.class, verdict.place)).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::incident::Incident;
    use crate::testkit::{incident, subject, truth};

    #[test]
    fn what_changed_is_told_by_kind() {
        let compared = |said: &[&Incident]| {
            let said: Vec<Incident> = said.iter().map(|incident| (*incident).clone()).collect();
            compare(&subject(vec![truth("slow_link", "n0", "eth0", 100, 200)]), &said)
        };
        let check = |before: &[&Incident], after: &[&Incident], changes: &[(Kind, &str)], later_s: &[f64]| {
            let found = followed("renamed", &compared(before), &compared(after));
            let said: Vec<_> = found.changes.iter().map(|c| (c.kind, c.about.as_str())).collect();
            assert_eq!((said.as_slice(), found.later_s.as_slice()), (changes, later_s));
        };
        let slow = incident("slow_link", "n0", "eth0", 110);
        let later = incident("slow_link", "l0", "swp0", 114);
        let lossy = incident("lossy_link", "n0", "eth0", 110);
        let (wrong, same) = (incident("link_down", "n1", "eth0", 300), incident("link_down", "l0", "swp1", 301));
        check(&[&slow], &[&later], &[], &[4.0]);
        check(&[&slow], &[], &[(Kind::Lost, "slow_link n0/eth0")], &[]);
        check(&[], &[&slow], &[(Kind::Gained, "slow_link n0/eth0")], &[]);
        check(&[&slow], &[&lossy], &[(Kind::Renamed, "slow_link n0/eth0: slow_link → lossy_link")], &[0.0]);
        check(&[&wrong], &[&same], &[], &[]);
        check(&[], &[&wrong], &[(Kind::MoreFalse, "link_down l0/swp1")], &[]);
        check(&[&wrong, &same], &[], &[(Kind::FewerFalse, "link_down l0/swp1"); 2], &[]);
    }
}
