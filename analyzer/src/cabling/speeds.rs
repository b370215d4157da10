//! The speed that a port should run at where the plan says none: the highest that its collector told so far.
//!
//! ```text
//! told, Gbit/s     400   400   (down)   200      the link trained low, and should run at 400
//! should           400   400    400     400
//! ```
//! It begins anew with the process: a link that trained low before that and has no planned speed is not known to be slow.

use super::told::Told;
use std::collections::{BTreeMap, HashSet};
use weft_judge::fabric::PortRef;
use weft_wire::plan::{Plan, ToldSpeed};

/// bit/s.
#[derive(Debug, Default)]
pub struct Speeds(BTreeMap<PortRef, i64>);

impl Speeds {
    pub fn learn(&mut self, told: &Told) {
        for port in &told.ports {
            if let Some(bps) = port.speed_bps {
                let highest = self.0.entry(PortRef::new(&*port.device, &*port.port)).or_insert(bps);
                *highest = bps.max(*highest);
            }
        }
    }

    /// Of ports that this plan says no speed of.
    pub fn beside(&self, plan: &Plan) -> Vec<ToldSpeed> {
        let planned = plan.ports.iter().filter(|port| port.speed_bps.is_some());
        let planned: HashSet<(&str, &str)> = planned.map(|port| (&*port.device, &*port.port)).collect();
        let unplanned = self.0.iter().filter(|(port, _)| !planned.contains(&(&*port.device, &*port.port)));
        let told =
            |(port, &bps): (&PortRef, &i64)| ToldSpeed { device: port.device.clone(), port: port.port.clone(), bps };
        unplanned.map(told).collect()
    }
}
