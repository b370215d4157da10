//! What was said beside what was there: a row a fault, a row an incident.
//!
//! An incident is right about a fault when it opened while the fault lasted (or up to two minutes later), accuses the
//! faulty part and names a class of the fault's family. It is right about the part alone when the family is another: the
//! fault is missed then, but the incident is no false one beside. What accuses nobody is never false.

use crate::incident::Incident;
use crate::picture::Picture;
use crate::subject::{Subject, Tier};
use serde::Serialize;
use std::collections::HashSet;
use weft_trace::{Family, Truth};

/// For so long after its end a fault may still be told: what a window shows of it comes late.
const GRACE_NS: i64 = 120_000_000_000;
/// For so long before its start: clocks of those who inject and of those who read differ.
const EARLY_NS: i64 = 5_000_000_000;
/// Incidents that are listed beside a fault.
const MOST_NAMED: usize = 4;
/// "One of these three parts" is an honest verdict.
const CANDIDATES: usize = 3;

/// One trace, compared.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub trace: String,
    pub source: String,
    pub nodes: usize,
    pub node_days: f64,
    /// Incidents that were opened.
    pub opened: usize,
    /// Benign truth rows are no faults.
    pub faults: Vec<Fault>,
    /// Labels of the false incidents.
    pub r#false: Vec<String>,
    /// A row an opened incident.
    pub verdicts: Vec<Verdict>,
    /// What the counters showed where a verdict was wrong, where a report is to draw it.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// What was said of one fault.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    pub fault: String,
    pub class: String,
    pub family: Family,
    /// `device/port`.
    pub part: String,
    /// How well the part can be seen in this trace.
    pub tier: Tier,
    /// Part and family are right.
    pub found: bool,
    /// The class too.
    pub exact: bool,
    /// The part is right, whatever the family.
    pub culprit: bool,
    /// The part is among the first three candidates of an incident of its time.
    pub among_three: bool,
    /// What was said in the fault's time, of any part.
    pub named: Vec<String>,
    /// The class that its part was said to be in; `None` where nothing was said of the part.
    pub said_class: Option<String>,
    /// From the fault's start to the first incident about it (about its part, where the family is wrong).
    pub opened_after_ns: Option<i64>,
    /// The same in the trace's sampling intervals, to a tenth.
    pub ticks: Option<f64>,
    /// For so long it could have been told: a miss is as long a search without success.
    pub watched_ns: i64,
    pub tick_ns: i64,
    /// Step time lost in truth, and as said; fractions.
    pub loss: Option<f64>,
    pub said: Option<f64>,
    pub optional: bool,
    /// Right incidents beyond the first.
    pub duplicates: usize,
    /// Of a miss, what its readings could have told, where that is known: see `limit`.
    pub limit: Option<Limit>,
}

/// What readings can tell of a fault at best; see `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// Readings that are needed in the mean, at the least.
    pub needed: f64,
    /// Readings of the part while the fault lasted.
    pub had: usize,
}

impl Limit {
    pub fn is_beyond(self) -> bool {
        (self.had as f64) < self.needed
    }
}

/// What became of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Right,
    /// The right part in the wrong family, where nothing better was said.
    PartOnly,
    /// It is no accusation, or a data fault beside one that was there.
    AccusesNobody,
    False,
}

#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub label: String,
    /// The part, by one name whichever end of a cable the incident goes by.
    pub place: String,
    pub class: String,
    pub family: Option<Family>,
    pub tier: Tier,
    pub confidence: Option<f64>,
    pub opened_ns: Option<i64>,
    pub fate: Fate,
}

/// Compares the incidents of one trace, in the order in which they were written, with its truth.
pub fn compare(subject: &Subject, incidents: &[Incident]) -> Compared {
    let opened: Vec<(usize, &Incident)> = incidents.iter().filter(|i| i.opened_ns().is_some()).enumerate().collect();
    let (mut right, mut part_only) = (HashSet::new(), HashSet::new());
    let mut faults = Vec::new();
    for truth in subject.truth.iter().filter(|t| t.family != Family::Benign) {
        let hits = Hits::of(subject, truth, &opened);
        right.extend(hits.right.iter().map(|(number, _)| *number));
        if let Some((number, _)) = hits.best()
            && hits.right.is_empty()
            && truth.family != Family::Data
        {
            part_only.insert(number);
        }
        faults.push(fault(subject, truth, &hits));
    }
    let told: HashSet<Family> = subject.truth.iter().map(|t| t.family).collect();
    let fate = |number: usize, incident: &Incident| match incident.family() {
        _ if right.contains(&number) => Fate::Right,
        _ if part_only.contains(&number) => Fate::PartOnly,
        Some(Family::Data) if told.contains(&Family::Data) => Fate::AccusesNobody,
        _ if incident.accuses_nobody() => Fate::AccusesNobody,
        _ => Fate::False,
    };
    let verdicts: Vec<Verdict> = opened.iter().map(|(n, i)| verdict(subject, i, fate(*n, i))).collect();
    Compared {
        trace: subject.name.clone(),
        source: subject.source.clone(),
        nodes: subject.nodes,
        node_days: subject.node_days,
        opened: opened.len(),
        faults,
        r#false: verdicts.iter().filter(|v| v.fate == Fate::False).map(|v| v.label.clone()).collect(),
        verdicts,
        pictures: Vec::new(),
    }
}

/// The incidents that can be about one fault, in the order in which they were written; each with its number.
struct Hits<'a> {
    /// Of its time.
    all: Vec<(usize, &'a Incident)>,
    /// Of these, on its part.
    part: Vec<(usize, &'a Incident)>,
    /// Of these, in its family.
    right: Vec<(usize, &'a Incident)>,
}

impl<'a> Hits<'a> {
    fn of(subject: &Subject, truth: &Truth, opened: &[(usize, &'a Incident)]) -> Hits<'a> {
        let all: Vec<_> = opened.iter().copied().filter(|(_, i)| overlaps(i, truth)).collect();
        let part: Vec<_> = all.iter().copied().filter(|(_, i)| subject.is_part(i.culprit(), truth)).collect();
        let right = part.iter().copied().filter(|(_, i)| i.family() == Some(truth.family)).collect();
        Hits { all, part, right }
    }

    /// The first that opened, of the right ones where there are any.
    fn best(&self) -> Option<(usize, &'a Incident)> {
        let among = if self.right.is_empty() { &self.part } else { &self.right };
        among.iter().copied().min_by_key(|(_, incident)| incident.opened_ns())
    }
}

/// Whether an incident opened in a fault's time and was not over before it.
fn overlaps(incident: &Incident, truth: &Truth) -> bool {
    let (Some(opened), resolved) = (incident.opened_ns(), incident.resolved_ns.unwrap_or(i64::MAX)) else {
        return false;
    };
    opened <= truth.end_ns.saturating_add(GRACE_NS)
        && resolved >= truth.start_ns
        && opened >= truth.start_ns.saturating_sub(EARLY_NS)
}

fn fault(subject: &Subject, truth: &Truth, hits: &Hits<'_>) -> Fault {
    let best = hits.best().map(|(_, incident)| incident);
    let exact = hits.right.iter().find(|(_, i)| i.class == truth.class).map(|(_, i)| *i);
    let opened_after_ns = best.and_then(Incident::opened_ns).map(|ns| ns - truth.start_ns);
    let among_three = |i: &Incident| i.culprits().take(CANDIDATES).any(|culprit| subject.is_part(culprit, truth));
    let last_ns = truth.end_ns.saturating_add(GRACE_NS).min(subject.until_ns);
    Fault {
        fault: truth.fault.clone(),
        class: truth.class.clone(),
        family: truth.family,
        part: format!("{}/{}", truth.device, truth.port),
        tier: subject.tier((&truth.device, &truth.port)),
        found: !hits.right.is_empty(),
        exact: exact.is_some(),
        culprit: !hits.part.is_empty(),
        among_three: hits.all.iter().any(|(_, incident)| among_three(incident)),
        named: hits.all.iter().map(|(_, incident)| incident.label()).take(MOST_NAMED).collect(),
        said_class: exact.or(best).map(|incident| incident.class.clone()),
        opened_after_ns,
        ticks: opened_after_ns.map(|ns| (ns as f64 / subject.tick_ns as f64 * 10.0).round() / 10.0),
        watched_ns: last_ns.saturating_sub(truth.start_ns).max(0),
        tick_ns: subject.tick_ns,
        loss: truth.step_loss,
        said: best.and_then(Incident::lost_step_time),
        optional: truth.is_optional(),
        duplicates: hits.right.len().saturating_sub(1),
        limit: None,
    }
}

fn verdict(subject: &Subject, incident: &Incident, fate: Fate) -> Verdict {
    Verdict {
        label: incident.label(),
        place: subject.place(incident.culprit()),
        class: incident.class.clone(),
        family: incident.family(),
        tier: subject.tier(incident.culprit()),
        confidence: incident.confidence,
        opened_ns: incident.opened_ns(),
        fate,
    }
}

#[cfg(test)]
mod tests;
