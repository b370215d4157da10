//! One worker slower in its compute phase. Strength: by how much (0.3 = 30 %).

use super::{Fault, Place};
use anyhow::Context;
use std::time::Duration;

pub const FAULT: Fault = Fault {
    class: "host_straggler",
    lasts: Duration::from_secs(20),
    strength: 0.3,
    places: |lab, _| lab.topology.hosts().map(|h| Place { device: h.name.clone(), port: String::new() }).collect(),
    inject: |lab, place, strength| {
        lab.training.as_mut().context("no job is running")?.slow(&place.device, 1.0 + strength)
    },
    heal: |lab, place| lab.training.as_mut().context("no job is running")?.slow(&place.device, 1.0),
};
