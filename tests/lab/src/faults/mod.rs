//! The faults: one file and one row each.

mod host_straggler;
mod link_down;
mod link_flap;
mod silent_drop;
mod slow_link;

use crate::lab::Lab;
use crate::topology::Cable;
use crate::traffic::Traffic;
use anyhow::{Context, Result, bail};
use std::time::Duration;

pub struct Fault {
    pub class: &'static str,
    pub lasts: Duration,
    /// Used where a script leaves the strength out; its meaning is the fault's own.
    pub strength: f64,
    /// Where it would cost the job at least 5 % of its step time.
    pub places: fn(&Lab, &Traffic) -> Vec<Place>,
    pub inject: fn(&mut Lab, &Place, f64) -> Result<()>,
    pub heal: fn(&mut Lab, &Place) -> Result<()>,
}

pub const FAULTS: &[Fault] =
    &[slow_link::FAULT, silent_drop::FAULT, host_straggler::FAULT, link_down::FAULT, link_flap::FAULT];

/// The part that is at fault; an empty port is the whole device, a cable is named by either end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub device: String,
    pub port: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slash = if self.port.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.device, self.port)
    }
}

impl Fault {
    pub fn of(class: &str) -> Result<&'static Fault> {
        let known = || FAULTS.iter().map(|f| f.class).collect::<Vec<_>>().join(", ");
        FAULTS
            .iter()
            .find(|f| f.class == class)
            .with_context(|| format!("the lab has no fault {class:?}: it has {}", known()))
    }
}

fn cable<'l>(lab: &'l Lab, place: &Place) -> Result<&'l Cable> {
    match lab.topology.cable_at(&place.device, &place.port) {
        Some(index) => Ok(&lab.topology.cables[index]),
        None => bail!("{place}: no cable there; ports are h1/eth1…h8/eth1, leaf1/swp1…swp6, spine1/swp1…swp2"),
    }
}

/// Cables whose busier direction carries at least this share of their rate.
fn cables_with_load(lab: &Lab, traffic: &Traffic, least: f64) -> Vec<Place> {
    let cables = lab.topology.cables.iter().enumerate();
    cables
        .filter(|(index, cable)| traffic.load(*index, cable) >= least)
        .map(|(_, cable)| Place { device: cable.a.device.clone(), port: cable.a.port.clone() })
        .collect()
}
