//! GPU lost: the driver says that a GPU has fallen off the bus (Xid 79) or that its firmware does not answer (Xid 119, 120), NVML says
//! that it is lost, or its readings fail while those of the node's other GPUs do not.
//!
//! It is lost until it tells something of itself again. A GPU of which nothing is said at all is not lost: its readings may be.

use super::armed::{Reason, Row, Tally, View};
use super::inside::tally;
use super::{Detector, Shows, Sink, Spot};
use crate::fabric::Place;
use crate::features::Features;
use crate::features::gpus::LostBy;
use crate::kinds::{FactKind, GpuLost};

pub const DETECTOR: Detector = Detector {
    name: "gpu_lost",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "gpu_lost", facts: &[FactKind::GpuLost], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for lost in features.gpus.lost() {
        let place = Place::Inside(lost.inside);
        out.look_at(Spot::Place(place), 1);
        match lost.back_tick {
            None => {
                let xid = match lost.by {
                    LostBy::Xid(code) => Some(code),
                    LostBy::Unreadable => None,
                };
                let shows = Shows { since_ns: lost.since_ns, one_sided: true, strength: 1.0, ..Shows::default() };
                out.present(place, shows, GpuLost { xid });
            }
            Some(tick) if tick == features.tick => out.absent(FactKind::GpuLost, place),
            Some(_) => {}
        }
    }
}

pub fn forget(features: &mut Features, _: Option<Spot>) {
    features.gpus.forget();
}

const NO_GPUS: Reason = ("no GPU is read", "[collector] nvml, on the nodes that have GPUs");

pub(super) fn armed(view: &View<'_>, told: &mut Tally) {
    tally(told, view.features.gpus.all().count(), NO_GPUS);
}

#[cfg(test)]
mod tests {
    use crate::fabric::LinkEvent;
    use crate::testkit::{Extra, PortCounters, Scene, event, iteration, star};

    const ALIVE: &[(&str, f64)] = &[("utilization_percent", 97.0), ("temperature_c", 61.0)];

    /// A second in which these GPUs of h1 tell of themselves, with these events.
    fn second(scene: &mut Scene, gpus: &[&'static str], events: Vec<LinkEvent>) {
        let told: Vec<PortCounters> = gpus.iter().map(|gpu| ("h1", *gpu, ALIVE)).collect();
        scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { told, events, ..Extra::default() });
    }

    fn xid(scene: &Scene, text: &str) -> Vec<LinkEvent> {
        vec![LinkEvent { text: text.into(), ..event(scene.now_ns() + 1, "h1", "gpu3", "xid") }]
    }

    fn open(scene: &Scene) -> Vec<(String, String)> {
        scene.open().iter().map(|i| (i.class.clone(), i.culprits[0].port.clone())).collect()
    }

    #[test]
    fn one_that_falls_off_the_bus_is_named_at_once_and_until_it_is_back() {
        let mut scene = Scene::new(star(3));
        (0..3).for_each(|_| second(&mut scene, &["gpu2", "gpu3"], Vec::new()));
        let events = xid(&scene, "gpu3: Xid 79");
        second(&mut scene, &["gpu2"], events);
        let lost = ("gpu_lost".to_owned(), "gpu3".to_owned());
        assert_eq!(open(&scene), std::slice::from_ref(&lost));
        let severity = scene.open()[0].severity;
        assert_eq!(severity, crate::incident::Severity::Critical, "a job runs on it");
        (0..90).for_each(|_| second(&mut scene, &["gpu2"], Vec::new()));
        assert_eq!(open(&scene), [lost], "nothing is told of it");
        (0..65).for_each(|_| second(&mut scene, &["gpu2", "gpu3"], Vec::new()));
        assert!(open(&scene).is_empty(), "{:?}", scene.incidents);
    }

    #[test]
    fn neither_other_xids_nor_silence_lose_a_gpu() {
        let mut scene = Scene::new(star(3));
        (0..3).for_each(|_| second(&mut scene, &["gpu2", "gpu3"], Vec::new()));
        let events = xid(&scene, "gpu3: Xid 31");
        second(&mut scene, &["gpu2"], events);
        (0..30).for_each(|_| second(&mut scene, &["gpu2"], Vec::new()));
        assert!(scene.opened().is_empty(), "{:?}", scene.incidents);
    }
}
