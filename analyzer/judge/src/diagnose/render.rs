//! A case as the incident that people and pagers read.

use super::case::{Case, Cost};
use super::sentence;
use crate::fabric::{Part, Place, PortRef};
use crate::features::Features;
use crate::incident::{Culprit, EvidenceItem, Incident, JobLoss, Tier};
use crate::kinds::{Fact, Query, Shown};

/// Victims listed; a job may have thousands.
const MAX_VICTIMS: usize = 16;
/// Sampling at which bytes tell the inside of an iteration.
const TIER_A_BIN_NS: i64 = 200_000_000;
/// The most that any evidence is worth: beyond it lie errors of plan and wiring that no counter shows.
const MOST_CONFIDENT: f64 = 0.99;

/// Writes a query in the language of whoever keeps the rows.
pub type WriteQuery = fn(&Query) -> String;

pub fn incident(features: &Features, case: &Case, write: WriteQuery) -> Incident {
    let culprits = culprits(features, case);
    let class = case.class();
    Incident {
        id: id(features, case, culprits.first()),
        kind: class.kind,
        class: class.name.to_owned(),
        family: class.family.name().to_owned(),
        state: case.state,
        severity: case.severity,
        tier: tier(features, case),
        confidence: culprits.first().map_or_else(|| hundredths(confidence(case)), |culprit| culprit.confidence),
        onset_ns: case.onset_ns,
        opened_ns: case.opened_ns,
        resolved_ns: case.resolved_ns,
        victims: victims(features, case),
        jobs: case.jobs.iter().map(job_loss).collect(),
        sentence: sentence::of(case, &culprits),
        action: class.action.to_owned(),
        evidence: case.facts.values().map(|fact| evidence(features, case, fact, write)).collect(),
        transitions: case.transitions.clone(),
        culprits,
    }
}

/// The part accused, then those that the evidence leaves open beside it; they share the confidence, but for those that have a share
/// of their own. None where nobody is accused: a job is slow, or somebody works at
/// parts and said so.
fn culprits(features: &Features, case: &Case) -> Vec<Culprit> {
    if matches!(case.part, Part::Job(_) | Part::Maintenance(_)) {
        return Vec::new();
    }
    let whole = confidence(case);
    let alike = case.candidates.iter().filter(|candidate| candidate.share.is_none()).count();
    let confidence = hundredths(whole / (1 + alike) as f64);
    let accused = culprit(features, &case.part, case.end.as_ref(), confidence);
    let others = case.candidates.iter().map(|candidate| Culprit {
        reason: candidate.reason.clone(),
        ..culprit(
            features,
            &candidate.part,
            None,
            candidate.share.map_or(confidence, |share| hundredths(whole * share)),
        )
    });
    std::iter::once(accused).chain(others).collect()
}

/// A cable goes by the end that is accused, and by the first one of the plan where none of the two is; a node by a GPU of it, if
/// any is accused.
fn culprit(features: &Features, part: &Part, end: Option<&PortRef>, confidence: f64) -> Culprit {
    let topology = &features.topology;
    let own = match topology.place(part) {
        Some(Place::Cable(cable)) => end.cloned().unwrap_or_else(|| topology.name(topology.cables[cable].a)),
        Some(Place::Device(_)) => end.cloned().unwrap_or_else(|| part.first()),
        _ => part.first(),
    };
    let peer = part.far_end(&own).cloned().unwrap_or_default();
    Culprit {
        device: own.device,
        port: own.port,
        peer_device: peer.device,
        peer_port: peer.port,
        confidence,
        reason: String::new(),
    }
}

/// The class's own worth, raised towards certainty by the strength of its evidence.
fn confidence(case: &Case) -> f64 {
    let strength = case.main_fact().map_or(0.0, |fact| (fact.strength - 0.5).max(0.0) * 2.0);
    let own = case.class().confidence;
    own + (MOST_CONFIDENT - own).max(0.0) * strength
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The same cause gives the same id: family, the part (a cable by its first end, a job by its name, maintenance by its id) and the tick it began in.
fn id(features: &Features, case: &Case, culprit: Option<&Culprit>) -> String {
    let ends = culprit.map(|own| [(&*own.device, &*own.port), (&*own.peer_device, &*own.peer_port)]);
    let first = ends.and_then(|ends| ends.into_iter().filter(|end| !end.0.is_empty()).min());
    // A node is one part, whichever GPU of it shows the trouble.
    let first = first.map(|(device, port)| (device, if matches!(case.part, Part::Device(_)) { "" } else { port }));
    let job = case.main_fact().and_then(|fact| fact.job.as_deref()).unwrap_or_default();
    let whole = if let Part::Maintenance(id) = &case.part { id } else { job };
    let (device, port) = first.unwrap_or((whole, ""));
    let tick = case.onset_ns.div_euclid(features.tick_ns);
    let text = format!("{}|{device}|{port}|{tick}", case.class().family.name());
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

fn tier(features: &Features, case: &Case) -> Tier {
    let devices = features.topology.devices.iter().zip(&features.devices);
    let switches = devices.into_iter().any(|(device, state)| device.is_switch && state.seen_ns.is_some());
    let marks = case.facts.keys().any(|kind| kind.class().by_marks);
    match (marks || features.bin_ns <= TIER_A_BIN_NS, switches) {
        (true, true) => Tier::A,
        (true, false) if marks => Tier::A,
        (_, true) => Tier::B,
        _ => Tier::C,
    }
}

/// The other hosts of the jobs that it costs.
fn victims(features: &Features, case: &Case) -> Vec<PortRef> {
    let topology = &features.topology;
    let culprits: Vec<&str> = case.part.devices().collect();
    let jobs = case.jobs.keys().filter_map(|job| topology.find_job(job));
    let hosts = jobs.flat_map(|job| &topology.jobs[job].devices).map(|&device| topology.devices[device].name.as_str());
    hosts.filter(|name| !culprits.contains(name)).take(MAX_VICTIMS).map(|name| PortRef::new(name, "")).collect()
}

fn job_loss((job, cost): (&String, &Cost)) -> JobLoss {
    let round = |part: f64| (part * 1000.0).round() / 1000.0;
    JobLoss { job: job.clone(), lost_step_time: cost.lost.map(round), explained: cost.explained.map(round) }
}

fn evidence(features: &Features, case: &Case, fact: &Fact, write: WriteQuery) -> EvidenceItem {
    let at = fact.shown();
    let topology = &features.topology;
    let is_switch = topology.find_device(&at.device).is_some_and(|device| topology.devices[device].is_switch);
    let table = if is_switch { "switch_port" } else { "nic" };
    let shown = Shown { at: &at, far: fact.part.far_end(&at), job: fact.job.as_deref(), table };
    EvidenceItem {
        fact: fact.kind().name().to_owned(),
        since_ns: fact.since_ns,
        evidence: fact.payload.evidence(),
        sql: write(&fact.payload.query(&shown)),
        says: fact.payload.claim(case.clear_since_ns.is_some()),
        chart: fact.payload.chart(&shown),
        device: at.device,
        port: at.port,
    }
}
