//! A case as the incident people and pagers read.

use super::case::Case;
use super::claim;
use super::loss;
use crate::detect::{FactKind, Place, Presence};
use crate::fabric::PortId;
use crate::fabric::PortRef;
use crate::features::Features;
use crate::features::stalls::UTILIZATION;
use crate::incident::{Culprit, EvidenceItem, Incident, JobLoss, Tier};

/// Victims listed; a job may have thousands.
const MAX_VICTIMS: usize = 16;
/// Sampling at which bytes tell an iteration's inside.
const TIER_A_BIN_NS: i64 = 200_000_000;

pub fn incident(features: &Features, case: &Case) -> Incident {
    let culprits = culprits(features, case);
    let culprit = &culprits[0];
    Incident {
        id: id(features, case, culprit),
        kind: case.class.kind,
        class: case.class.name.to_owned(),
        family: case.class.family.to_owned(),
        state: case.state,
        severity: case.severity,
        tier: tier(features, case),
        confidence: culprit.confidence,
        onset_ns: case.onset_ns,
        opened_ns: case.opened_ns,
        resolved_ns: case.resolved_ns,
        victims: victims(features, case),
        jobs: jobs(features, case),
        sentence: sentence(features, case, &culprits),
        action: case.class.action.to_owned(),
        evidence: case.facts.iter().map(|(kind, presence)| evidence(features, case, *kind, presence)).collect(),
        transitions: case.transitions.clone(),
        culprits,
    }
}

/// The place as a device and port: of a cable, the end given, else its first.
pub fn at(features: &Features, place: Place, port: Option<PortId>) -> PortRef {
    match place {
        Place::Device(device) => PortRef::new(&features.topology.devices[device].name, ""),
        Place::Port(port) => features.topology.name(port),
        Place::Cable(cable) => features.topology.name(port.unwrap_or(features.topology.cables[cable].a)),
    }
}

/// The part accused, then those that the evidence leaves open beside it; they share the confidence.
fn culprits(features: &Features, case: &Case) -> Vec<Culprit> {
    let shown = case.facts.get(&case.class.fact).or_else(|| case.facts.values().next());
    let confidence = hundredths(confidence(case, shown) / (1 + case.candidates.len()) as f64);
    let accused = culprit(features, case.place, case.end, confidence);
    let others = case.candidates.iter().map(|candidate| Culprit {
        reason: candidate.reason.clone(),
        ..culprit(features, candidate.place, None, confidence)
    });
    std::iter::once(accused).chain(others).collect()
}

fn culprit(features: &Features, place: Place, end: Option<PortId>, confidence: f64) -> Culprit {
    let own = at(features, place, end);
    let peer = match place {
        Place::Cable(_) => features
            .topology
            .find_port(&own.device, &own.port)
            .and_then(|p| features.topology.far(p))
            .map(|p| features.topology.name(p))
            .unwrap_or_default(),
        _ => PortRef::default(),
    };
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
fn confidence(case: &Case, shown: Option<&Presence>) -> f64 {
    let strength = shown.map_or(0.0, |p| (p.strength - 0.5).max(0.0) * 2.0);
    case.class.confidence + (0.99 - case.class.confidence).max(0.0) * strength
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The same cause gives the same id: family, the part (a cable by its first end) and the tick it began in.
fn id(features: &Features, case: &Case, culprit: &Culprit) -> String {
    let ends = [(&culprit.device, &culprit.port), (&culprit.peer_device, &culprit.peer_port)];
    let first = ends.iter().filter(|e| !e.0.is_empty()).min().unwrap_or(&ends[0]);
    let text = format!("{}|{}|{}|{}", case.class.family, first.0, first.1, case.onset_ns.div_euclid(features.tick_ns));
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

fn tier(features: &Features, case: &Case) -> Tier {
    let switches =
        features.topology.devices.iter().zip(&features.devices).any(|(d, s)| d.is_switch && s.seen_ns.is_some());
    let marks = case.facts.contains_key(&FactKind::LongCompute);
    match (marks || features.bin_ns <= TIER_A_BIN_NS, switches) {
        (true, true) => Tier::A,
        (true, false) if marks => Tier::A,
        (_, true) => Tier::B,
        _ => Tier::C,
    }
}

/// The other devices of the jobs it hits, suspects apart.
fn victims(features: &Features, case: &Case) -> Vec<PortRef> {
    let candidates = case.candidates.iter().map(|c| c.place);
    let culprits: Vec<_> =
        std::iter::once(case.place).chain(candidates).flat_map(|place| loss::devices(features, place)).collect();
    let devices = case.jobs.iter().flat_map(|(job, _)| &features.topology.jobs[*job].devices);
    let others = devices.filter(|d| !culprits.contains(d)).take(MAX_VICTIMS);
    others.map(|&d| PortRef::new(&features.topology.devices[d].name, "")).collect()
}

fn jobs(features: &Features, case: &Case) -> Vec<JobLoss> {
    let round = |lost: f64| (lost * 1000.0).round() / 1000.0;
    let job = |(job, lost): &(usize, Option<f64>)| JobLoss {
        job: features.topology.jobs[*job].name.clone(),
        lost_step_time: lost.map(round),
    };
    case.jobs.iter().map(job).collect()
}

fn sentence(features: &Features, case: &Case, culprits: &[Culprit]) -> String {
    verdict(features, case, &culprits[0]) + &or_else(&culprits[1..])
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

fn verdict(features: &Features, case: &Case, culprit: &Culprit) -> String {
    let own = name(&culprit.device, &culprit.port);
    let part = match culprit.peer_device.is_empty() {
        true => own,
        false => format!("the link {own} – {}", name(&culprit.peer_device, &culprit.peer_port)),
    };
    let what = what(features, case);
    let worst = case.jobs.iter().max_by(|a, b| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0)));
    match worst {
        Some((job, Some(lost))) if *lost >= 0.005 => {
            format!(
                "job {} loses {:.0} % of its step time: {part} {what}",
                features.topology.jobs[*job].name,
                lost * 100.0
            )
        }
        Some((job, _)) => format!("{part} {what}; job {} runs over it", features.topology.jobs[*job].name),
        None => format!("{part} {what}"),
    }
}

/// A small fraction in words.
fn fraction(value: f64) -> String {
    match value < 1e-3 {
        true => format!("{:.0} in a million", value * 1e6),
        false => format!("{:.2} %", value * 100.0),
    }
}

/// The trouble in words, with its number.
fn what(features: &Features, case: &Case) -> String {
    let presence = case.facts.get(&case.class.fact);
    let shown = presence.map(|p| &p.evidence);
    let from = presence.and_then(|p| p.port).map(|p| features.topology.name(p));
    let from = from.map_or(String::new(), |at| format!("{} {}", at.device, at.port));
    let value = shown.map_or(f64::NAN, |e| e.value);
    let reference = shown.map_or(f64::NAN, |e| e.reference);
    match case.class.fact {
        FactKind::LinkDown if matches!(case.place, Place::Device(_)) => {
            format!("went dark: {value:.0} of its links are down")
        }
        FactKind::LinkDown => "is down".to_owned(),
        FactKind::LinkFlap => format!("flaps: it went down {value:.0} times in six hours"),
        FactKind::ConservationLoss => {
            format!("loses {} of the packets that leave {from}, and neither end counts them", fraction(value))
        }
        FactKind::ConservationLossCounted => {
            format!("loses {} of the packets that leave {from}, damaged on the wire", fraction(value))
        }
        FactKind::LowServiceRate => {
            format!("is slow: {from} serves a standing queue at {:.0} % of its planned rate", value / reference * 100.0)
        }
        FactKind::LongCompute => format!("computes {:.0} ms longer than its peers every step", value * 1e3),
        FactKind::LateOnset => format!("begins to send {:.0} ms later than its peers every iteration", value * 1e3),
        FactKind::HostStalls => {
            let how = match shown.map_or("", |e| e.counter.as_str()) {
                "cpu_pressure_us" => "its tasks wait for a CPU",
                "memory_pressure_us" => "its tasks wait for memory",
                "io_pressure_us" => "its tasks wait for a disk",
                _ => return format!("is held up: its GPUs are {value:.0} % busy, its peers' {reference:.0} %"),
            };
            format!("is held up: {how} {:.0} % of the time, its peers' {:.0} %", value * 100.0, reference * 100.0)
        }
        FactKind::Silent => format!("has told nothing for {value:.0} s while others do"),
        FactKind::CountersFell => "restarted its counters".to_owned(),
    }
}

fn evidence(features: &Features, case: &Case, kind: FactKind, presence: &Presence) -> EvidenceItem {
    let at = at(features, case.place, presence.port);
    let shown = presence.port.map(|p| features.topology.name(p)).unwrap_or_else(|| at.clone());
    EvidenceItem {
        fact: kind.name().to_owned(),
        since_ns: presence.since_ns,
        evidence: presence.evidence.clone(),
        sql: sql(features, &shown, kind, &presence.evidence.counter),
        says: claim::says(kind, &presence.evidence, case.clear_since_ns.is_some()),
        chart: claim::chart(features, kind, presence, &shown),
        device: shown.device,
        port: shown.port,
    }
}

/// A query over the hot window that shows the evidence.
fn sql(features: &Features, at: &PortRef, kind: FactKind, counter: &str) -> String {
    let quote = |text: &str| text.replace('\'', "''");
    let is_switch = features.topology.find_device(&at.device).is_some_and(|d| features.topology.devices[d].is_switch);
    let table = if is_switch { "switch_port" } else { "nic" };
    let columns = match kind {
        FactKind::HostStalls => {
            let (columns, table) = match counter {
                UTILIZATION => ("port, utilization_percent", "gpu"),
                _ => ("cpu_pressure_us, memory_pressure_us, io_pressure_us", "host"),
            };
            return format!("SELECT ts, {columns} FROM {table} WHERE device = '{}' ORDER BY ts_ns", quote(&at.device));
        }
        FactKind::LinkDown | FactKind::LinkFlap => "link_up, link_down_events",
        FactKind::ConservationLoss | FactKind::ConservationLossCounted => {
            "tx_packets, rx_packets, rx_errors, rx_discards"
        }
        FactKind::LowServiceRate => "tx_bytes, queue_bytes",
        FactKind::LateOnset => "tx_bytes",
        FactKind::CountersFell => "epoch, tx_bytes, rx_bytes",
        FactKind::LongCompute => {
            return format!(
                "SELECT step, start_ns, end_ns - start_ns AS duration_ns FROM step WHERE device = '{}' AND phase = 'compute' ORDER BY step",
                quote(&at.device)
            );
        }
        FactKind::Silent => {
            return format!("SELECT * FROM collector WHERE collector = '{}'", quote(&at.device));
        }
    };
    let port = if at.port.is_empty() { String::new() } else { format!(" AND port = '{}'", quote(&at.port)) };
    format!("SELECT ts, port, {columns} FROM {table} WHERE device = '{}'{port} ORDER BY ts_ns", quote(&at.device))
}
