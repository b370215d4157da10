//! GPUs whose clocks are held down by heat (`gpu_throttle`) or for want of power (`power_cap`): see `features/gpus/clocks.rs` for
//! which reasons, and for what a clock is compared with.
//!
//! Alone this is a finding. A host that straggles since then goes by it (`diagnose/reasons.rs`), and a host that straggles probably does
//! so surely (`hold.rs`).

use super::armed::Row;
use super::gpu_lost::armed;
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::{DeviceId, Place};
use crate::features::Features;
use crate::features::gpus::{Gpu, Held, Why};
use crate::kinds::{FactKind, GpuThrottle, HeldClock, PowerCap};
use std::collections::{BTreeMap, BTreeSet};

/// The part of its clock that a GPU lacks at which the strength is one half: the published threshold.
const LACKS: f64 = 0.1;

pub const DETECTOR: Detector = Detector {
    name: "throttle",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "gpu_throttle", facts: &[FactKind::GpuThrottle, FactKind::PowerCap], look: armed }],
};

fn kind(why: Why) -> FactKind {
    match why {
        Why::Heat => FactKind::GpuThrottle,
        Why::Power => FactKind::PowerCap,
    }
}

/// By node and reason, its GPUs that are held down.
type HeldDown<'a> = BTreeMap<(DeviceId, FactKind), Vec<(&'a Gpu, Held)>>;

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let mut held: HeldDown<'_> = BTreeMap::new();
    for gpu in features.gpus.all().filter(|gpu| gpu.clock_tick == features.tick) {
        let Some((own, device)) = gpu.held.zip(features.topology.find_device(&gpu.at.device)) else { continue };
        held.entry((device, kind(own.why))).or_default().push((gpu, own));
    }
    for ((device, _), gpus) in &held {
        out.look_at(Spot::Place(Place::Device(*device)), gpus.len());
        say(*device, gpus, out);
    }
    for why in [Why::Heat, Why::Power] {
        let watched: Vec<DeviceId> = out.watched_devices(kind(why)).collect();
        let over = if watched.is_empty() { BTreeSet::new() } else { over(features, why) };
        let is_over = |device: &DeviceId| over.contains(features.topology.devices[*device].name.as_str());
        watched.into_iter().filter(is_over).for_each(|device| out.absent(kind(why), Place::Device(device)));
    }
}

/// Nodes whose GPUs told of their clocks in this tick, and of which none is held down, as far as is known: one that does not tell may
/// still be.
fn over(features: &Features, why: Why) -> BTreeSet<&str> {
    let told = features.gpus.all().filter(|gpu| gpu.clock_tick == features.tick).map(|gpu| gpu.at.device.as_str());
    let held = features.gpus.all().filter(|gpu| gpu.held.is_some_and(|held| held.why == why));
    let held: BTreeSet<&str> = held.map(|gpu| gpu.at.device.as_str()).collect();
    told.filter(|device| !held.contains(device)).collect()
}

fn say(device: DeviceId, gpus: &[(&Gpu, Held)], out: &mut Sink<'_>) {
    let part = |held: &Held| held.mhz / held.of_mhz;
    let Some((slowest, held)) = gpus.iter().min_by(|a, b| part(&a.1).total_cmp(&part(&b.1))) else { return };
    let Some(inside) = slowest.inside else { return };
    let since_ns = gpus.iter().map(|(_, held)| held.since_ns).min().unwrap_or(held.since_ns);
    let Held { why, reasons, mhz, of_mhz, by_peers, .. } = *held;
    let clock = HeldClock { gpus: gpus.len() as u32, mhz, of_mhz, by_peers, reasons };
    let shows = Shows { since_ns, one_sided: true, strength: strength(clock.missing(), LACKS), ..Shows::default() };
    match why {
        Why::Heat => out.present_inside(Place::Device(device), inside, shows, GpuThrottle(clock)),
        Why::Power => out.present_inside(Place::Device(device), inside, shows, PowerCap(clock)),
    }
}

pub fn forget(features: &mut Features, _: Option<Spot>) {
    features.gpus.forget();
}

#[cfg(test)]
mod tests;
