//! Incidents to test with.

use crate::incident::{Culprit, Incident, Kind, Severity, State, Tier, Transition};

/// An open `link_down` of leaf-1 eth3, opened in nanosecond 10.
pub fn open(id: &str) -> Incident {
    let culprit = Culprit {
        device: "leaf-1".into(),
        port: "eth3".into(),
        peer_device: "spine-2".into(),
        peer_port: "eth1".into(),
        confidence: 0.9,
        reason: String::new(),
    };
    Incident {
        id: id.into(),
        kind: Kind::Hardware,
        class: "link_down".into(),
        family: "link".into(),
        state: State::Open,
        severity: Severity::Critical,
        tier: Tier::A,
        confidence: 0.9,
        onset_ns: 5,
        opened_ns: Some(10),
        resolved_ns: None,
        culprits: vec![culprit],
        victims: Vec::new(),
        jobs: Vec::new(),
        sentence: "the link is down".into(),
        action: "reseat the cable".into(),
        evidence: Vec::new(),
        transitions: vec![Transition { ts_ns: 10, state: State::Open, reason: String::new() }],
    }
}

pub fn into_class(incident: Incident, class: &str) -> Incident {
    let state = incident.state;
    step(Incident { class: class.into(), ..incident }, state)
}

pub fn resolved(incident: Incident) -> Incident {
    let resolved_ns = incident.transitions.last().map(|last| last.ts_ns + 10);
    step(Incident { resolved_ns, ..incident }, State::Resolved)
}

/// Ten nanoseconds later.
fn step(mut incident: Incident, state: State) -> Incident {
    let ts_ns = incident.transitions.last().map_or(10, |last| last.ts_ns + 10);
    incident.state = state;
    incident.transitions.push(Transition { ts_ns, state, reason: String::new() });
    incident
}
