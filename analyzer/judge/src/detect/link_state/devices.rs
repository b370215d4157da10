//! A device most of whose links are down: a switch that reboots or lost its power, a node that died.
//!
//! ```text
//! links of leaf0   ████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
//!                  █████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁███
//!                  ████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██
//!                              │ half are down     │ more than half are up: over
//! ```
//! The downs of a device's links follow one another within a moment. It has been down since the first of the last such run:
//! a link that was down for hours before is a trouble of its own.

use crate::detect::{Shows, Sink, Spot};
use crate::fabric::{CableId, DeviceId, LEAST_LINKS, Place, PortId};
use crate::features::Features;
use crate::kinds::{DeviceDown, FactKind};
use std::collections::BTreeMap;

/// Downs that follow each other within this time are one run. A switch that reloads takes its ports down within a second or
/// two, and readings of the two ends are a second apart.
const RUN_NS: i64 = 3_000_000_000;

/// Says which devices are down, given the cables that are, each with its time. In a sound fabric there are none of these, and
/// no device is looked at.
pub fn look(features: &Features, cables_down: &[(CableId, i64)], out: &mut Sink<'_>) {
    let mut downs: BTreeMap<DeviceId, Vec<i64>> = BTreeMap::new();
    for &(cable, since_ns) in cables_down {
        // What somebody works at tells nothing of the device at the other end: a leaf is not dark whose nodes are rebooted.
        if features.maintenance.holds_cable(&features.topology, cable, since_ns) {
            continue;
        }
        let ends = features.topology.cables[cable];
        for port in [ends.a, ends.b] {
            downs.entry(features.topology.ports[port].device).or_default().push(since_ns);
        }
    }
    let watched: Vec<DeviceId> = out.watched_devices(FactKind::DeviceDown).collect();
    for device in watched {
        downs.entry(device).or_default();
    }
    for (device, downs) in downs {
        look_at(features, device, downs, out);
    }
}

fn look_at(features: &Features, device: DeviceId, mut downs: Vec<i64>, out: &mut Sink<'_>) {
    let (place, cables): (Place, Vec<CableId>) = (Place::Device(device), cables(features, device).collect());
    out.look_at(Spot::Place(place), cables.len());
    let all = cables.len();
    let at_work = |cable: &CableId| features.maintenance.holds_cable(&features.topology, *cable, features.now_ns);
    let cables: Vec<CableId> = cables.into_iter().filter(|cable| !at_work(cable)).collect();
    downs.sort_unstable();
    let run = last_run(&downs);
    if run.len() >= LEAST_LINKS && downs.len() * 2 >= cables.len() {
        let shows = Shows { since_ns: run[0], strength: 1.0, ..Shows::default() };
        out.present(place, shows, DeviceDown { links: downs.len() as u32, of: cables.len() as u32 });
    } else if is_up(features, &cables) {
        match cables.len() < all {
            true => out.over(FactKind::DeviceDown, place, "its links that are dark lead to what somebody works at"),
            false => out.absent(FactKind::DeviceDown, place),
        }
    }
}

fn cables(features: &Features, device: DeviceId) -> impl Iterator<Item = CableId> + '_ {
    features.topology.devices[device].ports.iter().filter_map(|&port| features.topology.ports[port].cable)
}

/// The newest downs, back to the first gap that is longer than a run's.
fn last_run(downs: &[i64]) -> &[i64] {
    let gap = downs.windows(2).rposition(|two| two[1] - two[0] > RUN_NS);
    &downs[gap.map_or(0, |at| at + 1)..]
}

/// More than half of the cables have a carrier. Either end tells: the device's own telemetry may have gone with it.
fn is_up(features: &Features, cables: &[CableId]) -> bool {
    let has_carrier = |port: PortId| features.ports[port].link.up == Some(true);
    let up =
        cables.iter().map(|&cable| features.topology.cables[cable]).filter(|c| has_carrier(c.a) || has_carrier(c.b));
    up.count() * 2 > cables.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_downs_ends_at_a_gap() {
        const S: i64 = 1_000_000_000;
        let check = |downs: &[i64], first: i64| {
            let downs: Vec<i64> = downs.iter().map(|s| s * S).collect();
            assert_eq!(last_run(&downs)[0], first * S, "{downs:?}");
        };
        check(&[7], 7);
        check(&[7, 8, 9, 12], 7);
        check(&[7, 100, 101, 102], 100);
        assert!(last_run(&[]).is_empty());
    }
}
