//! NIC down: the driver of a network card says that the card does not answer, and its port has stopped sending.
//!
//! ```text
//! h1 eth1   sends 2.1 GB/s … then nothing since 12:00:08
//! kernel    12:00:17  "mlx5_core 0000:d2:00.0: … device's health compromised - reached miss count"
//! ```
//! The counters alone cannot tell such a card from one whose job waits for another host: in both the link is up and nothing is
//! sent. The words alone accuse nobody (`features/cards.rs` says why). Together they do, once the port has been silent for 5 s.
//!
//! While nothing tells the bytes of the port, nothing is said of it. It is over when the port sends again.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::Place;
use crate::features::Features;
use crate::kinds::{FactKind, NicDown};

/// For as long a transmit queue with something to send may send nothing before the kernel calls it stuck: the default of
/// `watchdog_timeo` (net/sched/sch_generic.c), s. It is also longer than the usual pause of a job between two iterations.
const SILENT_S: f64 = 5.0;

pub const DETECTOR: Detector = Detector {
    name: "nic_down",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "nic_down", facts: &[FactKind::NicDown], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (&port, card) in features.cards.iter().filter(|(_, card)| card.told_tick == features.tick) {
        // A port, and not its cable: what does not answer is the card.
        let place = Place::Port(port);
        out.look_at(Spot::Place(place), 1);
        let Some(since_ns) = card.silent_since_ns else {
            out.absent(FactKind::NicDown, place);
            continue;
        };
        let silent_s = (features.now_ns - since_ns) as f64 / 1e9;
        if silent_s >= SILENT_S {
            let strength = strength(silent_s, SILENT_S);
            let shows = Shows { since_ns, port: Some(port), one_sided: true, strength, ..Shows::default() };
            let (words, before) = (card.words.clone(), card.most_a_second(features.tick_ns));
            out.present(place, shows, NicDown { words, silent_s, before });
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| _ = features.cards.remove(&port));
}

const OF_SWITCH: Reason = ("a port of a switch", "nothing to do: hosts alone have cards with drivers");
const NO_CABLE: Reason = ("its cable is not known", "cables.csv, or LLDP: what a port sent before is kept of cabled ports");

/// Of cabled ports of hosts that tell their bytes; the words come from the kernel's log (source `kmsg`).
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    view.each_port(tally, |port| match (topology.devices[topology.ports[port].device].is_switch, &view.features.ports[port].past) {
        (true, _) => Some(OF_SWITCH),
        (false, None) => Some(NO_CABLE),
        (false, Some(_)) => None,
    });
}

#[cfg(test)]
mod tests {
    use crate::fabric::LinkEvent;
    use crate::testkit::{Extra, Interval, Scene, event, star};

    const DEAD: &str = "eth1: mlx5_core 0000:d2:00.0: poll_health:825:(pid 0): device's health compromised - reached miss count";

    /// Seconds in which all hosts send, but for this one, which sends this part of what the others do; at the first the kernel
    /// says this of its card.
    fn seconds(scene: &mut Scene, count: usize, slow: (&str, f64), said: Option<&str>) {
        for second in 0..count {
            let text = said.filter(|_| second == 0);
            let now_ns = scene.now_ns();
            let says = |text: &str| LinkEvent { text: text.into(), ..event(now_ns + 1, "h1", "eth1", "kernel") };
            let events = text.map(says).into_iter().collect();
            let sends = |host: &str| if host == slow.0 { 1e8 * slow.1 } else { 1e8 };
            scene.second(|host, _| Interval { sent: sends(host), ..Interval::default() }, Extra { events, ..Extra::default() });
        }
    }

    fn check(story: &str, told: &[(usize, f64, Option<&str>)], expected: bool) -> Scene {
        let mut scene = Scene::new(star(3));
        told.iter().for_each(|&(count, part, said)| seconds(&mut scene, count, ("h1", part), said));
        let is_named = scene.opened().iter().any(|(class, device, port)| (&**class, &**device, &**port) == ("nic_down", "h1", "eth1"));
        assert_eq!(is_named, expected, "{story}: {:?}", scene.opened());
        scene
    }

    #[test]
    fn a_card_is_named_that_its_driver_gives_up_and_that_sends_nothing() {
        check("silent, and the driver says so 9 s later", &[(40, 1.0, None), (9, 0.0, None), (8, 0.0, Some(DEAD))], true);
        check("what neighbours say of themselves is no traffic", &[(40, 1.0, None), (16, 1e-5, Some(DEAD))], true);
        check("silent, and nobody says anything", &[(40, 1.0, None), (30, 0.0, None)], false);
        check("one command was lost, and it works on", &[(40, 1.0, Some(DEAD)), (30, 1.0, None)], false);
        check("slower", &[(40, 1.0, None), (30, 0.3, Some(DEAD))], false);
        check("it was idle before", &[(40, 0.0, None), (30, 0.0, Some(DEAD))], false);
        check("other words", &[(40, 1.0, None), (30, 0.0, Some("eth1: mlx5_core 0000:d2:00.0: firmware version: 28.39"))], false);
    }

    #[test]
    fn it_lasts_for_as_long_as_the_port_is_silent_and_ends_when_it_sends() {
        let mut scene = check("dead", &[(40, 1.0, None), (300, 0.0, Some(DEAD))], true);
        assert_eq!(scene.open().len(), 1, "for longer than its past is kept: {:?}", scene.open());
        let since_ns = scene.open()[0].opened_ns.expect("opened");
        assert!(since_ns > 0);
        seconds(&mut scene, 45, ("h1", 1.0), None);
        assert!(scene.open().is_empty(), "{:?}", scene.open());
    }
}
