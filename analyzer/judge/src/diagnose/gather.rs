//! Many links of one device that go down together are one trouble: the device's.

use super::TOGETHER_NS;
use crate::detect::{FactKind, Place, Presence, Sink};
use crate::features::Features;
use std::collections::BTreeMap;

/// Links of a device down together: at least this many, and at least half of its cables.
const MIN_LINKS: usize = 3;

type Told = (FactKind, Place, Presence);

pub fn gather(features: &Features, sink: &mut Sink<'_>) {
    let present = &mut sink.present;
    for (device, since_ns) in devices_down(features, present) {
        let of_device = |t: &Told| is_down_at(features, t, device) && (t.2.since_ns - since_ns).abs() <= TOGETHER_NS;
        let Some(first) = present.iter().find(|t| of_device(t)).cloned() else { continue };
        let links = present.iter().filter(|t| of_device(t)).count();
        present.retain(|t| !of_device(t));
        let mut presence = Presence { since_ns, port: None, ..first.2 };
        presence.evidence.value = links as f64;
        presence.evidence.unit = "links down".into();
        present.push((FactKind::LinkDown, Place::Device(device), presence));
    }
    clear_devices(features, sink);
}

/// A device that was dark is well again when most of its cables are up; those still down are troubles of their own.
fn clear_devices(features: &Features, sink: &mut Sink<'_>) {
    let gathered =
        |device: usize| sink.present.iter().any(|t| t.1 == Place::Device(device) && t.0 == FactKind::LinkDown);
    let is_up =
        |port: &&usize| features.topology.ports[**port].cable.is_some() && features.ports[**port].link.up == Some(true);
    let mut clear = Vec::new();
    for device in sink.watched_devices(FactKind::LinkDown).filter(|d| !gathered(*d)) {
        let ports = &features.topology.devices[device].ports;
        // Either end tells: the device's own telemetry may have gone with it.
        let far: Vec<usize> = ports.iter().filter_map(|&p| features.topology.far(p)).collect();
        let up = ports.iter().filter(is_up).count().max(far.iter().filter(is_up).count());
        if up * 2 > far.len() {
            clear.push(device);
        }
    }
    clear.into_iter().for_each(|device| sink.clear(FactKind::LinkDown, Place::Device(device)));
}

/// Devices most of whose cables went down at one time, with that time.
fn devices_down(features: &Features, present: &[Told]) -> Vec<(usize, i64)> {
    let mut by_device: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for (kind, place, presence) in present {
        if let (FactKind::LinkDown, Place::Cable(cable)) = (kind, place) {
            let ends = features.topology.cables[*cable];
            for port in [ends.a, ends.b] {
                by_device.entry(features.topology.ports[port].device).or_default().push(presence.since_ns);
            }
        }
    }
    let together = |(device, mut downs): (usize, Vec<i64>)| {
        downs.sort_unstable();
        let cables = features.topology.devices[device]
            .ports
            .iter()
            .filter(|&&p| features.topology.ports[p].cable.is_some())
            .count();
        let since = downs[downs.len() / 2];
        let n = downs.iter().filter(|&&t| (t - since).abs() <= TOGETHER_NS).count();
        (n >= MIN_LINKS && n * 2 >= cables).then_some((device, downs[0]))
    };
    by_device.into_iter().filter_map(together).collect()
}

fn is_down_at(features: &Features, (kind, place, _): &Told, device: usize) -> bool {
    let Place::Cable(cable) = place else { return false };
    let ends = features.topology.cables[*cable];
    *kind == FactKind::LinkDown && [ends.a, ends.b].iter().any(|&p| features.topology.ports[p].device == device)
}
