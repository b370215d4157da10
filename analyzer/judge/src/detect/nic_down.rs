//! NIC down: the driver of a network card says that the card does not answer, and its port has stopped sending.
//!
//! ```text
//! h1 eth1   sends 2.1 GB/s … then nothing since 12:00:08
//! kernel    12:00:17  "mlx5_core 0000:d2:00.0: … device's health compromised - reached miss count"
//! ```
//! The counters alone cannot tell such a card from one whose job waits for another host: in both the link is up and nothing is
//! sent. The words alone accuse nobody (`features/cards.rs` says why). Together they do, where
//!
//! - the port has sent next to nothing for 5 s, or its counters cannot be read for as long, and has worked before;
//! - the words came while it was silent, or just before: a card that lost one command and whose job ends an hour later is not accused;
//! - a job runs on the host now, where the plan knows jobs: a port without a job has nothing to send.
//!
//! It is over when the port sends again, or when its counters begin anew: the card was reset, or its node started again.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::PortId;
use crate::features::{Card, Features, SLOT_TICKS};
use crate::kinds::{FactKind, NicDown};

const NAME: &str = "nic_down";
/// For as long a transmit queue with something to send may send nothing before the kernel calls it stuck: the default of
/// `watchdog_timeo` (net/sched/sch_generic.c), s. It is also longer than the usual pause of a job between two iterations.
const SILENT_S: f64 = 5.0;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: NAME, facts: &[FactKind::NicDown], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (&port, card) in features.cards.iter().filter(|(_, card)| card.told_tick == features.tick) {
        // The cable's case, so that a carrier that is lost with the card is no second trouble.
        let place = features.topology.place_of(port);
        out.look_at(Spot::Place(place), 1);
        let Some(silence) = card.silence else {
            out.absent(FactKind::NicDown, place);
            continue;
        };
        let silent_s = (features.now_ns - silence.since_ns) as f64 / 1e9;
        if out.watches(FactKind::NicDown, place) || (silent_s >= SILENT_S && is_meant(features, port, card, silence.since_ns)) {
            let (since_ns, strength) = (silence.since_ns, strength(silent_s, SILENT_S));
            let shows = Shows { since_ns, port: Some(port), one_sided: true, strength, ..Shows::default() };
            let (words, before) = (card.words.clone(), card.most_a_second(features.tick_ns));
            out.present(place, shows, NicDown { words, silent_s, is_unread: silence.is_unread, before });
        }
    }
}

/// The driver speaks of this silence, and the port would send if it could.
fn is_meant(features: &Features, port: PortId, card: &Card, since_ns: i64) -> bool {
    let topology = &features.topology;
    // A silence is known by whole slots: it may have begun one earlier.
    let just_before_ns = (SILENT_S * 1e9) as i64 + SLOT_TICKS * features.tick_ns;
    let host = topology.ports[port].device;
    let has_a_job = topology.jobs.is_empty() || topology.jobs_on(host, features.now_ns).next().is_some();
    card.said_ns >= since_ns - just_before_ns
        && card.was_at_work(features.tick_ns, topology.ports[port].planned_bps)
        && has_a_job
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| _ = features.cards.remove(&port));
}

const OF_SWITCH: Reason = ("a port of a switch", "nothing to do: hosts alone have cards with drivers");
const NO_PAST: Reason = ("its cable is not known, or it has sent nothing yet", "cables.csv, or LLDP: what a port sent is kept of cabled ports");

/// Of cabled ports of hosts that tell their bytes. Whether a collector can read the kernel's log (source `kmsg`) is not known here:
/// `weft doctor` on the node says so.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    view.each_port(tally, |port| match (topology.devices[topology.ports[port].device].is_switch, &view.features.ports[port].past) {
        (true, _) => Some(OF_SWITCH),
        (false, None) => Some(NO_PAST),
        (false, Some(_)) => None,
    });
}

#[cfg(test)]
mod tests {
    use crate::fabric::{LinkEvent, Silence};
    use crate::testkit::{Extra, Interval, SECOND, Scene, event, star};
    use weft_wire::plan::Plan;

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

    type Told<'a> = &'a [(usize, f64, Option<&'a str>)];

    fn tell(scene: &mut Scene, told: Told<'_>) {
        told.iter().for_each(|&(count, part, said)| seconds(scene, count, ("h1", part), said));
    }

    fn check(story: &str, plan: Plan, told: Told<'_>, expected: bool) -> Scene {
        let mut scene = Scene::new(plan);
        tell(&mut scene, told);
        let is_it = |(class, device, port): &(String, String, String)| (&**class, &**device, &**port) == ("nic_down", "h1", "eth1");
        assert_eq!(scene.opened().iter().any(is_it), expected, "{story}: {:?}", scene.opened());
        scene
    }

    #[test]
    fn a_card_is_named_that_its_driver_gives_up_and_that_sends_nothing() {
        let check = |story: &str, told: Told<'_>, expected: bool| _ = check(story, star(3), told, expected);
        check("silent, and the driver says so 9 s later", &[(40, 1.0, None), (9, 0.0, None), (8, 0.0, Some(DEAD))], true);
        check("what neighbours say of themselves is no traffic", &[(40, 1.0, None), (16, 1e-5, Some(DEAD))], true);
        check("silent, and nobody says anything", &[(40, 1.0, None), (30, 0.0, None)], false);
        check("one command was lost, and it works on", &[(40, 1.0, Some(DEAD)), (30, 1.0, None)], false);
        check("the same, and later it is silent", &[(40, 1.0, Some(DEAD)), (300, 1.0, None), (30, 0.0, None)], false);
        check("slower", &[(40, 1.0, None), (30, 0.3, Some(DEAD))], false);
        check("it was idle before", &[(40, 1e-7, None), (30, 0.0, Some(DEAD))], false);
        check("other words", &[(40, 1.0, None), (30, 0.0, Some("eth1: mlx5_core 0000:d2:00.0: firmware version: 28.39"))], false);
    }

    #[test]
    fn without_a_job_nothing_is_to_be_sent() {
        let mut plan = star(3);
        let end_ns = Scene::new(star(3)).now_ns() + 40 * SECOND;
        plan.jobs.iter_mut().for_each(|job| job.end_ns = Some(end_ns));
        check("its job has ended", plan, &[(40, 1.0, None), (30, 0.0, Some(DEAD))], false);
    }

    /// Whether a card is named whose counts cannot be read, and of which the driver says after 8 s that it is dead. `collector`: whether its
    /// collector tells anything else meanwhile.
    fn unread(collector: bool) -> bool {
        let mut scene = Scene::new(star(3));
        seconds(&mut scene, 40, ("", 0.0), None);
        let last_ns = scene.now_ns();
        for second in 0..20 {
            let says = LinkEvent { text: DEAD.into(), ..event(scene.now_ns() + 1, "h1", "eth1", "kernel") };
            let silence = Silence { collector: "h1".into(), devices: vec!["h1".into()], last_ns, flush_period_ns: SECOND };
            let extra = Extra {
                events: if second == 8 { vec![says] } else { Vec::new() },
                mute: vec!["h1".into()],
                silent: if collector { Vec::new() } else { vec![silence] },
                ..Extra::default()
            };
            scene.second(|_, _| Interval { sent: 1e8, ..Interval::default() }, extra);
        }
        scene.opened().iter().any(|(class, device, _)| (&**class, &**device) == ("nic_down", "h1"))
    }

    #[test]
    fn counts_that_cannot_be_read_are_silence_unless_the_collector_is_silent() {
        assert_eq!([unread(true), unread(false)], [true, false]);
    }

    #[test]
    fn a_carrier_that_is_lost_with_the_card_is_no_second_trouble() {
        let mut scene = check("dead", star(3), &[(40, 1.0, None), (20, 0.0, Some(DEAD))], true);
        let events = vec![event(scene.now_ns() + 1, "h1", "eth1", "link_down")];
        scene.second(|_, _| Interval::default(), Extra { events, ..Extra::default() });
        seconds(&mut scene, 20, ("h1", 0.0), None);
        let open: Vec<_> = scene.open().iter().map(|incident| incident.class.clone()).collect();
        assert_eq!(open, ["nic_down"]);
    }

    #[test]
    fn it_lasts_for_as_long_as_the_port_is_silent_and_ends_when_it_sends() {
        let mut scene = check("dead", star(3), &[(40, 1.0, None), (700, 0.0, Some(DEAD))], true);
        let open: Vec<_> = scene.open().iter().map(|incident| incident.class.clone()).collect();
        assert_eq!(open, ["nic_down"], "for longer than its past is kept and than the words count");
        seconds(&mut scene, 45, ("h1", 1.0), None);
        assert!(scene.open().is_empty(), "{:?}", scene.open());
    }
}
