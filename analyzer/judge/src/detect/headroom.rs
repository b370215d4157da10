//! Buffers set up wrongly: a switch drops what it has paused for, and no other does.
//!
//! ```text
//! leaf2, port by port     paused 200 ms, dropped 98,000     paused 312 ms, dropped 192,000     paused 0, dropped 0
//! leaf1                   paused 240 ms, dropped 0          paused 190 ms, dropped 0           paused 0, dropped 0
//! ```
//! Three things must hold:
//!
//! 1. It drops in more of the ticks in which it pauses than it did, and than all switches do (`features/headroom.rs`), by A nats.
//! 2. The drops go with the pauses. Of all ports and ticks since then the part q had paused, of those that dropped the part p. By
//!    Chernoff's bound n·D(p‖q) ≥ V for the n ticks with drops; ports of one tick are counted as one, for they may have one cause.
//!    What a filter drops has p = q.
//! 3. Fewer than half of the switches that pause do the same: else the fabric was set up anew, or its traffic is not lossless.
//!
//! The switch is accused, for a buffer profile is a switch's; the port that dropped last is shown. Drops on the way out
//! (`tx_discards`) are not looked at: traffic classes that may lose packets are dropped there, whatever the others do.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::{DeviceId, Place};
use crate::features::Features;
use crate::features::episode::SUSPICIOUS;
use crate::features::headroom::Lacking;
use crate::kinds::{FactKind, HeadroomDrops};
use crate::statistics::chernoff_nats;

const NAME: &str = "headroom";
/// More than this part of the switches that pause have a common cause.
const COMMON: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "buffers", facts: &[FactKind::HeadroomDrops], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let bar = bar(features);
    let of = |device: DeviceId| Some((device, features.headroom_lacking(device)?));
    let pausing: Vec<(DeviceId, Lacking)> = (0..features.devices.len()).filter_map(of).collect();
    out.spend(pausing.len());
    let is_suspicious = |(_, lacking): &&(DeviceId, Lacking)| lacking.nats > f64::from(SUSPICIOUS);
    let suspicious = pausing.iter().filter(is_suspicious).count();
    if suspicious == 1 || suspicious as f64 <= COMMON * pausing.len() as f64 {
        for (device, lacking) in pausing.iter().filter(|(_, lacking)| lacking.nats >= bar) {
            out.look_at(Spot::Place(Place::Device(*device)), 1);
            if goes_with_pauses(lacking) >= budget::cause(features, NAME, 1.0) {
                say(features, *device, lacking, bar, out);
            }
        }
    }
    let over: Vec<DeviceId> = out.watched_devices(FactKind::HeadroomDrops).filter(|&device| is_well(features, device)).collect();
    over.into_iter().for_each(|device| out.absent(FactKind::HeadroomDrops, Place::Device(device)));
}

fn bar(features: &Features) -> f64 {
    budget::change(features, NAME, features.tick_ns)
}

/// The evidence in nats that drops come where the switch has paused, rather than anywhere.
fn goes_with_pauses(lacking: &Lacking) -> f64 {
    let ((both, dropped), (paused, all)) = (lacking.dropped_paused, lacking.all_paused);
    chernoff_nats(lacking.drop_ticks, both / dropped.max(1.0), paused / all.max(1.0))
}

fn say(features: &Features, device: DeviceId, lacking: &Lacking, bar: f64, out: &mut Sink<'_>) {
    let shows = Shows {
        since_ns: lacking.since_tick * features.tick_ns,
        until_ns: Some((lacking.until_tick + 1) * features.tick_ns),
        port: Some(lacking.port),
        one_sided: false,
        strength: strength(lacking.nats, bar),
        job: None,
    };
    let ((both, dropped), (paused, all)) = (lacking.dropped_paused, lacking.all_paused);
    let seconds = (lacking.until_tick + 1 - lacking.since_tick) as f64 * features.tick_ns as f64 / 1e9;
    let payload = HeadroomDrops {
        rate: lacking.dropped / seconds,
        ports: lacking.at_once as u32,
        paused: both / dropped.max(1.0),
        usual: paused / all.max(1.0),
        nats: lacking.nats,
    };
    out.present(Place::Device(device), shows, payload);
}

/// It is read, and drops no more of what it has paused for than it did.
fn is_well(features: &Features, device: DeviceId) -> bool {
    let is_calm = |lacking: Lacking| lacking.nats <= f64::from(SUSPICIOUS);
    let is_read = |&port: &usize| features.ports[port].seen_tick() == Some(features.tick);
    features.headroom_lacking(device).is_none_or(is_calm) && features.topology.devices[device].ports.iter().any(is_read)
}

fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::devices(spot, features).into_iter().for_each(|device| features.devices[device].headroom = None);
}

const OF_HOST: Reason = ("a port of a host", "nothing to do: the switch at the other end is judged");
const NO_DROPS: Reason = ("it does not count what it drops on arrival", "a switch that counts rx_discards");
const NO_PAUSES: Reason = ("the other end of its cable counts no pauses", "the far port too, with rx_pause_us or rx_pause_frames");

/// Of ports of switches that tell what they drop, and whose far ends tell of pauses.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let (topology, ports) = (&view.features.topology, &view.features.ports);
    view.each_port(tally, |port| match topology.far(port) {
        _ if !topology.devices[topology.ports[port].device].is_switch => Some(OF_HOST),
        _ if !ports[port].health.tells_discards() => Some(NO_DROPS),
        Some(far) if ports[far].health.tells_pauses() => None,
        _ => Some(NO_PAUSES),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_that_come_whether_or_not_the_port_pauses_are_none_of_a_buffer() {
        let lacking = |both: f64, other: f64, paused: f64, all: f64, drop_ticks: f64| Lacking {
            nats: 30.0,
            since_tick: 0,
            until_tick: 34,
            dropped: 1e6,
            dropped_paused: (both, both + other),
            all_paused: (paused + both, all),
            drop_ticks,
            at_once: 8,
            port: 0,
        };
        for (story, of, expected) in [
            ("eight ports, 34 ticks, drops in 17 of them", lacking(61.0, 0.0, 75.0, 272.0, 17.0), 11.8),
            ("a filter, on every port and in every tick", lacking(136.0, 136.0, 0.0, 272.0, 34.0), 0.0),
            ("a filter, on one port that pauses in half of the ticks", lacking(10.0, 10.0, 126.0, 272.0, 20.0), 0.0),
            ("one port alone drops, where it has paused", lacking(20.0, 0.0, 116.0, 272.0, 20.0), 13.9),
        ] {
            assert!((goes_with_pauses(&of) - expected).abs() < 0.1, "{story}: {}", goes_with_pauses(&of));
        }
    }
}
