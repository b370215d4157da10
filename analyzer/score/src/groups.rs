//! Figures by what faults and verdicts have in common. A verdict goes by what was said, so that a false one has a group too.

use crate::compare::{Compared, Fate, Fault, Verdict};
use crate::figures::{Basis, Figures};
use serde::Serialize;
use std::collections::BTreeSet;
use weft_trace::Family;

#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// What they have in common: `family`, `class`, `tier`, `size`, `source`.
    pub by: &'static str,
    pub name: String,
    pub figures: Figures,
}

/// Name of a group, or `None` where the fault or verdict belongs to none.
type Name<T> = fn(&T) -> Option<String>;
type NameOfTrace = fn(&Compared) -> String;

/// Groups of faults and verdicts, wherever they are: their node-days are those of all traces.
const OF_PARTS: [(&str, Name<Fault>, Name<Verdict>); 3] = [
    ("family", |f| Some(f.family.name().to_owned()), |v| v.family.map(|family| family.name().to_owned())),
    ("class", |f| Some(f.class.clone()), |v| Some(v.class.clone())),
    ("tier", |f| is_hardware(f).then(|| format!("{:?}", f.tier)), |v| Some(format!("{:?}", v.tier))),
];

/// Groups of traces, with all that is in them but data faults.
const OF_TRACES: [(&str, NameOfTrace); 2] = [("size", size), ("source", |trace| trace.source.clone())];

/// All faults but those of the data, and all verdicts.
pub fn of_hardware(traces: &[Compared]) -> Basis<'_> {
    basis(traces, is_hardware, |_| true)
}

pub fn groups(traces: &[Compared]) -> Vec<Group> {
    let mut groups = Vec::new();
    for (by, of_fault, of_verdict) in OF_PARTS {
        let faults = traces.iter().flat_map(|t| &t.faults).filter_map(of_fault);
        let accusations = traces.iter().flat_map(|t| &t.verdicts).filter(|v| v.fate != Fate::AccusesNobody);
        for name in faults.chain(accusations.filter_map(of_verdict)).collect::<BTreeSet<_>>() {
            let is = |found: Option<String>| found.as_ref() == Some(&name);
            let figures = Figures::of(&basis(traces, |f| is(of_fault(f)), |v| is(of_verdict(v))));
            groups.push(Group { by, name, figures });
        }
    }
    for (by, of_trace) in OF_TRACES {
        let names: BTreeSet<String> = traces.iter().map(of_trace).collect();
        // A single group would be all of it once more.
        for name in names.clone().into_iter().filter(|_| names.len() > 1) {
            let inside = traces.iter().filter(|trace| of_trace(trace) == name);
            groups.push(Group { by, figures: Figures::of(&basis(inside, is_hardware, |_| true)), name });
        }
    }
    groups
}

/// The faults and the verdicts of these traces that are asked for.
pub fn basis<'a>(
    traces: impl IntoIterator<Item = &'a Compared>,
    of_fault: impl Fn(&Fault) -> bool,
    of_verdict: impl Fn(&Verdict) -> bool,
) -> Basis<'a> {
    let mut basis = Basis::default();
    for trace in traces {
        let verdicts: Vec<&Verdict> = trace.verdicts.iter().filter(|v| of_verdict(v)).collect();
        if trace.node_days > 0.0 {
            basis.node_days += trace.node_days;
            basis.false_on_nodes += verdicts.iter().filter(|v| v.fate == Fate::False).count();
        }
        basis.faults.extend(trace.faults.iter().filter(|f| of_fault(f)));
        basis.verdicts.extend(verdicts);
    }
    basis
}

fn is_hardware(fault: &Fault) -> bool {
    fault.family != Family::Data
}

/// By powers of eight, so that the fabrics of a group are alike.
fn size(trace: &Compared) -> String {
    match trace.nodes {
        0 => "no nodes",
        1..=16 => "up to 16 nodes",
        17..=128 => "17 to 128 nodes",
        129..=1024 => "129 to 1,024 nodes",
        _ => "more than 1,024 nodes",
    }
    .to_owned()
}
