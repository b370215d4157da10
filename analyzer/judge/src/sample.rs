//! Incidents to test with, for the tests of this crate and of others; nothing else uses them.

use crate::fabric::PortRef;
use crate::incident::{Culprit, EvidenceItem, Incident, JobLoss, Kind, Severity, State, Tier, Transition};
use crate::kinds::Evidence;

pub const SECOND: i64 = 1_000_000_000;
/// 2023-11-14T22:13:20Z.
pub const ONSET_NS: i64 = 1_700_000_000 * SECOND;

/// An open `link_down` of leaf-1 eth3, one second after its onset.
pub fn open(id: &str) -> Incident {
    let culprit = Culprit {
        device: "leaf-1".into(),
        port: "eth3".into(),
        peer_device: "spine-2".into(),
        peer_port: "eth1".into(),
        confidence: 0.97,
        reason: String::new(),
    };
    let evidence = EvidenceItem {
        fact: "link_down".into(),
        device: "leaf-1".into(),
        port: "eth3".into(),
        since_ns: ONSET_NS,
        evidence: Evidence {
            counter: "link_up".into(),
            value: 0.0,
            unit: "1".into(),
            reference: 1.0,
            reference_of: "itself before".into(),
        },
        sql: "SELECT ts, link_up FROM switch_port WHERE device = 'leaf-1' AND port = 'eth3' ORDER BY ts".into(),
        says: String::new(),
        chart: None,
    };
    let opened_ns = ONSET_NS + SECOND;
    Incident {
        id: id.into(),
        kind: Kind::Hardware,
        class: "link_down".into(),
        family: "link".into(),
        state: State::Open,
        severity: Severity::Critical,
        tier: Tier::A,
        confidence: 0.97,
        onset_ns: ONSET_NS,
        opened_ns: Some(opened_ns),
        resolved_ns: None,
        culprits: vec![culprit],
        victims: vec![PortRef::new("host-4", "eth0")],
        jobs: vec![JobLoss { job: "train".into(), lost_step_time: Some(0.125), explained: Some(1.0) }],
        sentence: "the link leaf-1 eth3 <-> spine-2 eth1 is down & costs job train 12.5 % of its step time".into(),
        action: "reseat or replace the cable".into(),
        evidence: vec![evidence],
        transitions: vec![Transition {
            ts_ns: opened_ns,
            state: State::Open,
            reason: "carrier lost at both ends".into(),
        }],
    }
}

/// How an incident goes on.
pub trait Changed {
    fn into_class(self, class: &str, after_s: i64) -> Incident;
    fn resolved(self, after_s: i64) -> Incident;
}

impl Changed for Incident {
    fn into_class(mut self, class: &str, after_s: i64) -> Incident {
        self.class = class.into();
        step(self, State::Open, after_s)
    }

    fn resolved(mut self, after_s: i64) -> Incident {
        self.resolved_ns = Some(ONSET_NS + after_s * SECOND);
        step(self, State::Resolved, after_s)
    }
}

fn step(mut incident: Incident, state: State, after_s: i64) -> Incident {
    incident.state = state;
    let reason = String::from("so the test says");
    incident.transitions.push(Transition { ts_ns: ONSET_NS + after_s * SECOND, state, reason });
    incident
}
