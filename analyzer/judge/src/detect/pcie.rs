//! PCIe degraded: a network card uses fewer PCIe lanes, or a lower speed, than it can.
//!
//! | what it says | accused |
//! |---|---|
//! | 8 lanes of 16, and it had 16 before | yes: a card does not give up lanes by itself |
//! | 8 lanes of 16 from the first reading on, and most cards of its kind use 16 | yes |
//! | 8 lanes of 16 from the first reading on, like most of its kind, or it is the only one | no: its slot has no more |
//! | 2.5 GT/s of 32 while it moves next to nothing | no: link power management lowers the speed of a link at rest |
//! | the same while it moves bytes | as lanes |
//!
//! Cards of one kind stand at the same place of their nodes (the port's name) and can as much: the card of the storage network
//! may be the same as those of the rails, in a slot with fewer lanes.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::Place;
use crate::features::Features;
use crate::features::pcie::{Below, Kinds};
use crate::kinds::{FactKind, PcieDegraded};
use std::cell::OnceCell;

/// The part of the bandwidth that is missing at which the strength is one half. A card loses lanes by halves (16, 8, 4) and speed
/// by generations, each half of the next, so that half of it is the least it can lose.
const HALF: f64 = 0.5;
/// Other cards of the kind that are compared at least: of two that differ, either may be as it was built.
const LEAST_OTHERS: usize = 2;
/// A link is at work that carries this part of what it can: link power management acts within milliseconds without traffic, and
/// gives the speed back within as many, so that a link at a hundredth of its load is awake for some of them in each tick.
const AT_WORK: f64 = 0.01;

pub const DETECTOR: Detector = Detector {
    name: "pcie",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "pcie_degraded", facts: &[FactKind::PcieDegraded], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let kinds = OnceCell::new();
    let kinds = || kinds.get_or_init(|| features.pcie.kinds(&features.topology));
    for below in features.pcie.below().filter(|below| below.tick == features.tick) {
        let place = Place::Port(below.port);
        out.look_at(Spot::Place(place), 1);
        let Some(since_ns) = below.since_ns else {
            out.absent(FactKind::PcieDegraded, place);
            continue;
        };
        let link = below.link;
        let is_slower = link.now.gtps() < link.can.gtps();
        let counts_speed = is_slower && is_at_work(features, below);
        // A link at rest may have any speed: it says nothing, but for its lanes.
        let counts = link.now.width < link.can.width && link.now.width > 0 || counts_speed;
        if counts && (link.fell() || is_below_its_kind(features, below, kinds())) {
            let (gtps, can_gtps) = if counts_speed { (link.now.gtps(), link.can.gtps()) } else { (0.0, 0.0) };
            let (lanes, can_lanes) = (u32::from(link.now.width), u32::from(link.can.width));
            let fact = PcieDegraded { lanes, can_lanes, gtps, can_gtps };
            let strength = strength(crate::kinds::KindOfFact::amount(&fact), HALF);
            let shows = Shows { since_ns, port: Some(below.port), one_sided: true, strength, ..Shows::default() };
            out.present(place, shows, fact);
        }
    }
}

/// Most other cards of its kind use more.
fn is_below_its_kind(features: &Features, below: &Below, kinds: &Kinds) -> bool {
    let kind = kinds.get(&(features.topology.name(below.port).port, below.link.can));
    let others = kind.map_or(0, Vec::len).saturating_sub(1);
    let more = kind.into_iter().flatten().filter(|other| below.link.now.is_below(**other)).count();
    others >= LEAST_OTHERS && 2 * more > others
}

fn is_at_work(features: &Features, below: &Below) -> bool {
    let Some(moved) = features.ports[below.port].moved(features.tick) else { return false };
    let bytes = moved.sent.unwrap_or(0).max(moved.received.unwrap_or(0));
    let bps = bytes as f64 * 8e9 / moved.length_ns as f64;
    let planned = features.topology.ports[below.port].planned_bps.map_or(f64::INFINITY, |bps| bps as f64);
    bps >= AT_WORK * below.link.now.bps().min(planned)
}

pub fn forget(features: &mut Features, _: Option<Spot>) {
    features.pcie.forget();
}

const NOT_TOLD: Reason = ("PCIe link not told", "a collector on the node that reads its PCIe devices");

fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |_| (!view.features.pcie.tells()).then_some(NOT_TOLD));
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Extra, PortCounters, SECOND, Scene, iteration, star};

    const FULL: &[(&str, f64)] =
        &[("pcie_width", 16.0), ("pcie_max_width", 16.0), ("pcie_speed_gtps", 32.0), ("pcie_max_speed_gtps", 32.0)];
    const HALF: &[(&str, f64)] =
        &[("pcie_width", 8.0), ("pcie_max_width", 16.0), ("pcie_speed_gtps", 32.0), ("pcie_max_speed_gtps", 32.0)];
    const SLOW: &[(&str, f64)] =
        &[("pcie_width", 16.0), ("pcie_max_width", 16.0), ("pcie_speed_gtps", 16.0), ("pcie_max_speed_gtps", 32.0)];
    const GONE: &[(&str, f64)] = &[("pcie_width", 0.0), ("pcie_max_width", 16.0)];
    const UNKNOWN: &[(&str, f64)] = &[("pcie_width", 8.0)];

    type Told = &'static [(&'static str, f64)];

    /// Seconds in which the cards of these hosts tell this; h1's is busy or at rest.
    fn tell(scene: &mut Scene, seconds: usize, told: &[(&'static str, Told)], is_busy: bool) {
        for _ in 0..seconds {
            let told: Vec<PortCounters> = told.iter().map(|(host, lanes)| (*host, "eth1", *lanes)).collect();
            let traffic = |host: &str, at: i64| match is_busy || host != "h1" {
                true => iteration(at, SECOND, 0),
                false => Default::default(),
            };
            scene.second(traffic, Extra { told, ..Extra::default() });
        }
    }

    fn check(story: &str, told: &[&[(&'static str, Told)]], is_busy: bool, expected: usize) {
        let mut scene = Scene::new(star(4));
        told.iter().for_each(|told| tell(&mut scene, 3, told, is_busy));
        let named = vec![("pcie_degraded".to_owned(), "h1".to_owned(), "eth1".to_owned()); expected];
        assert_eq!(scene.opened(), named, "{story}");
    }

    #[test]
    fn a_card_is_accused_that_used_more_or_whose_kind_does() {
        let all = |own: Told, peers: Told| [("h0", peers), ("h1", own), ("h2", peers), ("h3", peers)];
        check("all well", &[&all(FULL, FULL)], true, 0);
        check("it fell", &[&[("h1", FULL)], &[("h1", HALF)]], true, 1);
        check("its kind uses more", &[&all(HALF, FULL)], true, 1);
        check("so does its kind", &[&all(HALF, HALF)], true, 0);
        check("nobody to compare with", &[&[("h1", HALF)]], true, 0);
        check("the card is gone", &[&[("h1", FULL)], &[("h1", GONE)]], true, 0);
        check("it does not say what it can", &[&[("h1", UNKNOWN)]], true, 0);
        check("slower", &[&all(SLOW, FULL)], true, 1);
        check("slower at rest", &[&all(SLOW, FULL)], false, 0);
        check("fewer lanes at rest", &[&all(HALF, FULL)], false, 1);
    }

    #[test]
    fn silence_ends_nothing_and_all_lanes_do() {
        let mut scene = Scene::new(star(4));
        tell(&mut scene, 3, &[("h1", FULL)], true);
        tell(&mut scene, 3, &[("h1", HALF)], true);
        tell(&mut scene, 60, &[], true);
        assert_eq!(scene.open().len(), 1, "nothing is told of the lanes");
        tell(&mut scene, 33, &[("h1", FULL)], true);
        assert!(scene.open().is_empty(), "all lanes are in use again");
    }
}
