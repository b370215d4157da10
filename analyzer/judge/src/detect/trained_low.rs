//! Trained low: a link runs at a lower speed than planned, as the port itself says.
//!
//! ```text
//! planned    400 Gbit/s
//! speed_bps  400  400  200  200      the lower speed of the two ends is said, one fact a cable
//! ```
//! Where most links that are planned at one speed run at a lower one, the plan is wrong and not the links: a `ports.csv` that
//! says 400 Gbit/s of a fabric that was bought with 200. Nothing is said of those links then, and the detector is not armed
//! for them.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::{Place, PortId};
use crate::features::Features;
use crate::kinds::{FactKind, TrainedLow};
use std::collections::BTreeMap;

/// Fewer parts than this never show that the plan is wrong: of two links both may be in trouble.
const FEW: usize = 2;
/// Of the parts planned at one speed, the part from which on the plan is wrong: one cause that more than half of them share is
/// likelier than as many causes of their own.
const MOST: f64 = 0.5;
/// The part of the speed that is missing at which the strength is one half: links lose lanes by halves.
const HALF: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: "trained_low",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "trained_low", facts: &[FactKind::TrainedLow], look: armed }],
};

fn detect(features: &Features, out: &mut Sink<'_>) {
    let low = low(features);
    let wrong = wrong_plans(features, &low);
    for (&place, &port) in &low {
        out.look_at(Spot::Place(place), 1);
        let (trained, planned) = (features.trained_low[&port], planned_bps(features, port));
        if wrong.contains(&planned) {
            out.absent(FactKind::TrainedLow, place);
            continue;
        }
        let fact = TrainedLow { bps: trained.bps, planned_bps: planned as f64 };
        let strength = strength(1.0 - trained.bps / planned as f64, HALF);
        let shows = Shows { since_ns: trained.since_ns, port: Some(port), strength, ..Shows::default() };
        out.present(place, shows, fact);
    }
    // A port leaves the low ones by a reading of its planned speed alone.
    let over: Vec<Place> = out.watched(FactKind::TrainedLow).filter(|place| !low.contains_key(place)).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::TrainedLow, place));
}

fn forget(features: &mut Features, spot: Option<Spot>) {
    for port in Spot::ports(spot, features) {
        features.trained_low.remove(&port);
    }
}

fn planned_bps(features: &Features, port: PortId) -> i64 {
    features.topology.ports[port].planned_bps.unwrap_or_default()
}

/// Cables (and ports without one) that run low, each with the end that says the lower speed.
fn low(features: &Features) -> BTreeMap<Place, PortId> {
    let mut low: BTreeMap<Place, PortId> = BTreeMap::new();
    for (&port, trained) in &features.trained_low {
        let worse = low.entry(features.topology.place_of(port)).or_insert(port);
        if trained.bps < features.trained_low[worse].bps {
            *worse = port;
        }
    }
    low
}

/// Planned speeds that most of the parts planned at them do not run at, bit/s.
fn wrong_plans(features: &Features, low: &BTreeMap<Place, PortId>) -> Vec<i64> {
    let mut few: BTreeMap<i64, usize> = BTreeMap::new();
    low.values().for_each(|&port| *few.entry(planned_bps(features, port)).or_default() += 1);
    few.retain(|_, low| *low > FEW);
    let is_wrong = |&(planned, low): &(i64, usize)| low as f64 > MOST * parts_planned_at(features, planned) as f64;
    few.into_iter().filter(is_wrong).map(|(planned, _)| planned).collect()
}

fn parts_planned_at(features: &Features, planned: i64) -> usize {
    let topology = &features.topology;
    let of_cable = |port: PortId| topology.ports[port].cable.map(|cable| topology.cables[cable].a);
    // A cable is counted at its first end.
    let counts = |port: &PortId| topology.ports[*port].planned_bps == Some(planned) && of_cable(*port).is_none_or(|a| a == *port);
    (0..topology.ports.len()).filter(counts).count()
}

const NO_PLAN: Reason = ("speed unknown", "plan ports.csv speed_bps, or a collector that tells the port's speed");
const WRONG_PLAN: Reason = ("most links planned at this speed run at a lower one", "mend speed_bps in the plan's ports.csv");

fn armed(view: &View<'_>, tally: &mut Tally) {
    let wrong = wrong_plans(view.features, &low(view.features));
    view.each_port(tally, |port| match view.features.topology.ports[port].planned_bps {
        None | Some(..=0) => Some(NO_PLAN),
        Some(planned) if wrong.contains(&planned) => Some(WRONG_PLAN),
        Some(_) => None,
    });
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Extra, Scene, iteration, star};

    const PERIOD: i64 = 1_070_000_000;

    /// So many seconds in which these hosts' ports tell this speed once a second.
    fn tell(scene: &mut Scene, seconds: usize, hosts: &[&'static str], speed: Option<&'static [(&'static str, f64)]>) {
        for _ in 0..seconds {
            let told = speed.map(|told| hosts.iter().map(|host| (*host, "eth1", told)).collect()).unwrap_or_default();
            scene.second(|_, at| iteration(at, PERIOD, 0), Extra { told, ..Extra::default() });
        }
    }

    const PLANNED: &[(&str, f64)] = &[("speed_bps", 100e6)];
    const ROUNDED: &[(&str, f64)] = &[("speed_bps", 97e6)];
    const HALF: &[(&str, f64)] = &[("speed_bps", 50e6)];
    const UNKNOWN: &[(&str, f64)] = &[("speed_bps", 0.0)];

    #[test]
    fn a_speed_below_the_plan_is_an_incident_of_the_cable() {
        for (speed, expected) in [(PLANNED, 0), (ROUNDED, 0), (HALF, 1), (UNKNOWN, 0)] {
            let mut scene = Scene::new(star(4));
            tell(&mut scene, 3, &["h1"], Some(speed));
            let named = vec![("trained_low".to_owned(), "h1".to_owned(), "eth1".to_owned()); expected];
            assert_eq!(scene.opened(), named, "{speed:?}");
        }
    }

    #[test]
    fn silence_ends_nothing_and_the_planned_speed_does() {
        let mut scene = Scene::new(star(4));
        tell(&mut scene, 3, &["h1"], Some(HALF));
        tell(&mut scene, 20, &["h1"], None);
        assert_eq!(scene.open().len(), 1, "nothing is told of the speed");
        tell(&mut scene, 20, &["h1"], Some(PLANNED));
        assert_eq!(scene.open().len(), 0, "it trained at its planned speed");
    }

    #[test]
    fn where_most_links_run_low_the_plan_is_wrong() {
        let mut scene = Scene::new(star(4));
        tell(&mut scene, 3, &["h0", "h1"], Some(HALF));
        assert_eq!(scene.open().len(), 2, "two of four");
        tell(&mut scene, 20, &["h0", "h1", "h2"], Some(HALF));
        assert_eq!(scene.open().len(), 0, "three of four");
    }
}
