//! The classes weft names, one row each: what fact shows it, how sure it must be, how long it must be gone.

use crate::detect::FactKind;
use crate::incident::{Kind, Severity};

const SECOND: i64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    pub name: &'static str,
    pub family: &'static str,
    pub fact: FactKind,
    pub kind: Kind,
    pub severity: Severity,
    /// Within a family, the higher rank names the incident: a link that is down is not merely slow.
    pub rank: u8,
    /// Ticks of presence before it opens.
    pub open_after: u32,
    /// Event time it must be positively absent before it is resolved.
    pub resolve_after_ns: i64,
    /// What the evidence alone is worth, before strength is added: a start, to be calibrated.
    pub confidence: f64,
    pub action: &'static str,
}

/// One row a class. Evidence of two rows may name the same class.
pub const CLASSES: [Class; 10] = [
    Class {
        name: "link_flap",
        family: "failing_link",
        fact: FactKind::LinkFlap,
        kind: Kind::Hardware,
        severity: Severity::Critical,
        rank: 5,
        open_after: 1,
        resolve_after_ns: 30 * SECOND,
        confidence: 0.97,
        action: "drain the node or cost out the link, then reseat or replace the optic and cable at both ends",
    },
    Class {
        name: "link_down",
        family: "failing_link",
        fact: FactKind::LinkDown,
        kind: Kind::Hardware,
        severity: Severity::Critical,
        rank: 4,
        open_after: 1,
        resolve_after_ns: 30 * SECOND,
        confidence: 0.97,
        action: "check that both ends are seated and lit; replace optic or cable if it does not come back",
    },
    Class {
        name: "lossy_link",
        family: "failing_link",
        fact: FactKind::ConservationLossCounted,
        kind: Kind::Hardware,
        severity: Severity::Critical,
        rank: 3,
        open_after: 1,
        resolve_after_ns: 8 * SECOND,
        confidence: 0.9,
        action: "clean or replace the far transmitter's optic and the fibre; the receiving end only counts",
    },
    Class {
        name: "silent_drop",
        family: "failing_link",
        fact: FactKind::ConservationLoss,
        kind: Kind::Hardware,
        severity: Severity::Critical,
        rank: 2,
        open_after: 1,
        resolve_after_ns: 8 * SECOND,
        confidence: 0.9,
        action: "cost out the link and test cable and both ports: packets vanish between them uncounted",
    },
    Class {
        name: "slow_link",
        family: "failing_link",
        fact: FactKind::LowServiceRate,
        kind: Kind::Hardware,
        severity: Severity::Warning,
        rank: 1,
        open_after: 2,
        resolve_after_ns: 8 * SECOND,
        confidence: 0.88,
        action: "check shaping, lane count and FEC retries of the sending port; reset or replace the cable",
    },
    Class {
        name: "host_straggler",
        family: "straggler",
        fact: FactKind::LongCompute,
        kind: Kind::Hardware,
        severity: Severity::Warning,
        rank: 2,
        open_after: 2,
        resolve_after_ns: 10 * SECOND,
        confidence: 0.93,
        action: "look for other load, IO waits or throttling on the node; replace it in the job if it stays late",
    },
    Class {
        name: "host_straggler",
        family: "straggler",
        fact: FactKind::LateOnset,
        kind: Kind::Hardware,
        severity: Severity::Warning,
        rank: 1,
        open_after: 1,
        resolve_after_ns: 10 * SECOND,
        confidence: 0.82,
        action: "look for other load, IO waits or throttling on the node; replace it in the job if it stays late",
    },
    Class {
        name: "host_straggler",
        family: "straggler",
        fact: FactKind::HostStalls,
        kind: Kind::Hardware,
        severity: Severity::Warning,
        rank: 1,
        open_after: 2,
        resolve_after_ns: 10 * SECOND,
        confidence: 0.8,
        action: "look for what takes its CPUs, memory or disks; replace the node in the job if it stays late",
    },
    Class {
        name: "sensor_dropout",
        family: "data",
        fact: FactKind::Silent,
        kind: Kind::Data,
        severity: Severity::Info,
        rank: 1,
        open_after: 1,
        resolve_after_ns: 2 * SECOND,
        confidence: 0.95,
        action: "check the collector and its way to the broker; the device itself is not accused",
    },
    Class {
        name: "counter_reset",
        family: "data",
        fact: FactKind::CountersFell,
        kind: Kind::Data,
        severity: Severity::Info,
        rank: 1,
        open_after: 1,
        resolve_after_ns: 5 * SECOND,
        confidence: 0.95,
        action: "nothing to mend: rates begin anew from here; a driver reload or reboot explains it",
    },
];

pub fn class_of(fact: FactKind) -> &'static Class {
    CLASSES.iter().find(|c| c.fact == fact).expect("every fact kind has a row: a unit test says so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_kind_has_a_class() {
        for kind in FactKind::ALL {
            class_of(kind);
        }
    }
}
