//! Families of classes: two classes of one family are about the same kind of trouble.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Link,
    Congestion,
    Straggler,
    /// The telemetry is at fault, not the machine that it describes.
    Data,
    /// Nobody is at fault.
    Benign,
}

/// Every class that truth.csv may name, by its family.
const CLASSES: [(Family, &[&str]); 5] = [
    (
        Family::Link,
        &[
            "lossy_link",
            "link_flap",
            "trained_low",
            "slow_link",
            "link_down",
            "silent_drop",
            "mtu_mismatch",
            "miscabled",
            "nic_down",
            "plane_degraded",
            "link_retry_storm",
            "device_down",
        ],
    ),
    (
        Family::Congestion,
        &[
            "slow_receiver",
            "pfc_deadlock",
            "ecmp_imbalance",
            "incast",
            "oversubscription",
            "buffer_misconfig",
            "ecn_misconfig",
            "congestion_control_off",
            "noisy_neighbour",
            "credit_stall",
        ],
    ),
    (
        Family::Straggler,
        &[
            "gpu_throttle",
            "host_straggler",
            "pcie_degraded",
            "nvlink_errors",
            "nvlink_down",
            "gpu_memory_errors",
            "power_cap",
            "gpu_lost",
            "job_hang",
        ],
    ),
    (Family::Data, &["clock_skew", "counter_reset", "sensor_dropout"]),
    (Family::Benign, &["storage_burst", "job_restart", "checkpoint", "maintenance", "job_slow"]),
];

impl Family {
    pub const ALL: [Family; 5] = [Family::Link, Family::Congestion, Family::Straggler, Family::Data, Family::Benign];

    /// `None` for a class that the trace format does not know, such as that of a user's own rule.
    pub fn of(class: &str) -> Option<Family> {
        CLASSES.iter().find(|(_, classes)| classes.contains(&class)).map(|(family, _)| *family)
    }

    pub fn name(self) -> &'static str {
        match self {
            Family::Link => "link",
            Family::Congestion => "congestion",
            Family::Straggler => "straggler",
            Family::Data => "data",
            Family::Benign => "benign",
        }
    }
}

/// The names of all classes, family by family.
pub fn classes() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().flat_map(|(_, classes)| classes.iter().copied())
}
