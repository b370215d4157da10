//! Which sources of traces the constants of each detector were chosen on. On these its figures say how well it was fitted; on
//! the others whether it holds where nobody tuned it (docs/detection.md).
//!
//! A source counts where the comment of a constant, the detector's page or the journal names its traces as the ground of a
//! choice, or where the method was written beside them. What follows from a standard, from a probability, or from
//! readings made up without any fault, is chosen on none.

use super::{DETECTORS, Detector};
use std::collections::BTreeSet;

/// `kernel`, `packet` and `routers` are the development traces, `simulator` is `tests/sim`, `lab` is `tests/lab`.
const CHOSEN: [(&str, &[&str]); 27] = [
    ("link_state", &[]),
    // Its windows and the rules of its end.
    ("conservation", &["simulator"]),
    // Standards, budget.rs, and fault-free counts that were made up.
    ("counted_errors", &[]),
    // How long a queue must be to stand: between packet/slowlink-rails-ring and kernel/reset-star-a2a.
    ("service_rate", &["kernel", "packet"]),
    // The traces that it was written beside, and checkpoints of the simulator.
    ("inner_loss", &["kernel", "packet", "simulator"]),
    ("pause_surge", &["packet"]),
    // It rests on bounds; it was written beside packet/deadlock-clos-ring.
    ("pfc_deadlock", &["packet"]),
    // The trace that it was written beside; its bars follow from budget.rs.
    ("congestion_control", &["packet"]),
    // The trace that it was written beside; its bars follow from budget.rs.
    ("headroom", &["packet"]),
    ("compute_time", &["simulator"]),
    ("onset", &["simulator", "lab"]),
    ("stalls", &["simulator"]),
    // The second witness (kernel/straggler15) and hosts that pause their switch (packet/slowrecv).
    ("hold", &["kernel", "packet"]),
    ("job_slow", &[]),
    // Three iterations are the reference's; the rest follows from budget.rs and from how collectives work.
    ("job_hang", &[]),
    // How hot sound ports are, and the traces that it was written beside.
    ("congestion", &["kernel", "packet"]),
    ("job_over", &[]),
    ("silence", &["simulator"]),
    ("reset", &["simulator"]),
    // It has no constants.
    ("miscabled", &[]),
    // What speeds Ethernet and InfiniBand have.
    ("trained_low", &[]),
    // What drivers say, and the watchdog of the kernel.
    ("nic_down", &[]),
    // Published thresholds, NVML's bits, and what follows from how links are made; no trace has any of it.
    ("nvlink", &[]),
    ("pcie", &[]),
    ("gpu_lost", &[]),
    ("gpu_memory", &[]),
    ("throttle", &[]),
];

/// A detector, the classes that its facts open, and the sources that its constants were chosen on.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    pub detector: &'static str,
    pub classes: BTreeSet<&'static str>,
    pub on: &'static [&'static str],
}

/// The detectors that say it, in their order. One without a row may have been chosen on anything: nothing is known of it elsewhere.
pub fn chosen() -> Vec<Chosen> {
    let of = |detector: &Detector| {
        let (_, on) = CHOSEN.iter().find(|(name, _)| *name == detector.name)?;
        let classes = detector.armed.iter().flat_map(|row| row.facts).map(|kind| kind.class().name).collect();
        Some(Chosen { detector: detector.name, classes, on })
    };
    DETECTORS.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_that_of_a_detector() {
        let is_one = |name: &str| DETECTORS.iter().any(|detector| detector.name == name);
        let strangers: Vec<&str> = CHOSEN.map(|(name, _)| name).into_iter().filter(|name| !is_one(name)).collect();
        assert!(strangers.is_empty(), "no detector has this name: {strangers:?}");
        let slow = chosen().into_iter().find(|one| one.detector == "service_rate").unwrap();
        assert_eq!((slow.classes, slow.on), (BTreeSet::from(["slow_link"]), &["kernel", "packet"][..]));
    }
}
