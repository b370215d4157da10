//! The features as a snapshot holds them, and how a process takes them over.
//!
//! Ports, cables, devices and jobs are dense numbers that another process gives in another order, and the plan may have
//! changed in between. A snapshot therefore writes the names of all of them (`names.rs`), and beside them their states in
//! the same order. Whoever reads it finds each part again by its name:
//!
//! | in the snapshot | in the plan of now | what becomes of it |
//! |---|---|---|
//! | a port, a device | gone | is kept, like one that is seen without a plan |
//! | a port, a device | not in it, and not told of for [`FORGOTTEN_NS`] before the snapshot | is dropped |
//! | a cable | its two ends are not cabled to each other any more | is dropped |
//! | a job | gone, or it runs on other devices | is dropped: bytes of other devices are no baseline |
//! | nothing | new | begins without a past |

mod names;

use super::gpu_links::GpuLinks;
use super::gpus::Gpus;
use super::maintenance::Maintenance;
use super::pcie::Pcie;
use super::slots::{Named, Slots};
use super::{
    Card, Conservation, DeviceState, Features, JobState, Low, Notices, PortState, PortsWith, Readings, Series, Wraps,
};
use crate::fabric::{EntityTable, Topology};
use names::{Here, Names};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use weft_wire::plan::Plan;

/// A part that is in no plan and that nobody has told of for a day is not taken over: interfaces of containers have new
/// names every time, and a snapshot that carried all of them on would grow for ever.
const FORGOTTEN_NS: i64 = 86_400 * 1_000_000_000;

/// Written from the features as they stand, without a copy of the states; read as owned values.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved<'a> {
    time: Time,
    names: Names,
    ports: Cow<'a, [PortState]>,
    cables: Cow<'a, [[Conservation; 2]]>,
    jobs: Cow<'a, [JobState]>,
    devices: Cow<'a, [DeviceState]>,
    /// Ports that are set down by their administrator, by number within the snapshot.
    set_down: Vec<u32>,
    /// Ports whose links run at a lower speed than they should, by number within the snapshot.
    trained_low: Vec<(u32, Low)>,
    /// The same of ports that stand still, and since when.
    stuck: Vec<(u32, i64)>,
    /// The same of ports of which a driver said that their card does not answer.
    cards: Vec<(u32, Card)>,
    notices: Cow<'a, Option<Box<Notices>>>,
    entities: Vec<Named>,
    series: Cow<'a, Series>,
    wraps: Cow<'a, Wraps>,
    readings: Cow<'a, Readings>,
    gpus: Cow<'a, Gpus>,
    gpu_links: Cow<'a, GpuLinks>,
    pcie: Cow<'a, Pcie>,
    maintenance: Cow<'a, Maintenance>,
}

/// The moment that a snapshot stands for, and the grid of its bins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Time {
    tick_ns: i64,
    tick: i64,
    tick_before: i64,
    now_ns: i64,
    bin_ns: i64,
}

impl Features {
    pub fn saved(&self, entities: &EntityTable) -> Saved<'_> {
        let Features { tick_ns, tick, tick_before, now_ns, bin_ns, .. } = *self;
        Saved {
            time: Time { tick_ns, tick, tick_before, now_ns, bin_ns },
            names: Names::of(&self.topology),
            ports: Cow::Borrowed(&self.ports),
            cables: Cow::Borrowed(&self.cables),
            jobs: Cow::Borrowed(&self.jobs),
            devices: Cow::Borrowed(&self.devices),
            set_down: self.set_down.iter().map(|&port| port as u32).collect(),
            trained_low: self.trained_low.iter().map(|(&port, &low)| (port as u32, low)).collect(),
            stuck: self.stuck.iter().map(|(&port, &since_ns)| (port as u32, since_ns)).collect(),
            cards: self.cards.iter().map(|(&port, card)| (port as u32, card.clone())).collect(),
            notices: Cow::Borrowed(&self.notices),
            entities: self.slots.named(entities),
            series: Cow::Borrowed(&self.series),
            wraps: Cow::Borrowed(&self.wraps),
            readings: Cow::Borrowed(&self.readings),
            gpus: Cow::Borrowed(&self.gpus),
            gpu_links: Cow::Borrowed(&self.gpu_links),
            pcie: Cow::Borrowed(&self.pcie),
            maintenance: Cow::Borrowed(&self.maintenance),
        }
    }
}

impl Saved<'_> {
    /// The length of a tick of the process that wrote it, ns.
    pub fn tick_ns(&self) -> i64 {
        self.time.tick_ns
    }

    /// The features of a process that has this plan; `None` when the snapshot contradicts itself.
    pub fn restored(self, plan: &Plan) -> Option<Features> {
        let Saved { time, names, ports, cables, jobs, devices, set_down, trained_low, stuck, cards, entities, .. } =
            self;
        let same_length = names.ports.len() == ports.len()
            && names.cables.len() == cables.len()
            && names.jobs.len() == jobs.len()
            && names.devices.len() == devices.len();
        if !same_length || !names.is_sound() {
            return None;
        }
        let forgotten_ns = time.now_ns.saturating_sub(FORGOTTEN_NS);
        let is_recent = |port: usize| ports[port].last_told_ns().is_some_and(|told_ns| told_ns >= forgotten_ns);
        let mut topology = Topology::new(plan);
        let here = names.find_in(&mut topology, is_recent);
        let mut features = Features::of(topology, Vec::new(), Slots::restored(entities)?, time.tick_ns);
        features.take_over_ports(&here, ports.into_owned());
        features.take_over(&here, cables.into_owned(), jobs.into_owned(), devices.into_owned());
        let is_here = |port: u32| *here.ports.get(port as usize)?;
        features.set_down = set_down.into_iter().filter_map(is_here).collect();
        features.trained_low = trained_low.into_iter().filter_map(|(port, low)| Some((is_here(port)?, low))).collect();
        features.stuck = stuck.into_iter().filter_map(|(port, since_ns)| Some((is_here(port)?, since_ns))).collect();
        features.cards = cards.into_iter().filter_map(|(port, card)| Some((is_here(port)?, card))).collect();
        features.notices = self.notices.into_owned();
        (features.series, features.wraps) = (self.series.into_owned(), self.wraps.into_owned());
        features.unsettled = (0..features.ports.len()).collect();
        features.ports_with = PortsWith::among(&features.ports);
        features.readings = self.readings.into_owned();
        features.gpus = self.gpus.into_owned();
        features.gpus.take_in(&mut features.topology);
        features.gpu_links = self.gpu_links.into_owned();
        features.gpu_links.take_in(&mut features.topology);
        features.pcie = self.pcie.into_owned();
        features.pcie.find_in(&features.topology);
        features.maintenance = self.maintenance.into_owned();
        features.maintenance.take_in(&mut features.topology);
        (features.tick, features.tick_before) = (time.tick, time.tick_before);
        (features.now_ns, features.bin_ns) = (time.now_ns, time.bin_ns);
        Some(features)
    }
}

impl Features {
    fn take_over_ports(&mut self, here: &Here, states: Vec<PortState>) {
        for (&port, mut state) in here.ports.iter().zip(states) {
            let Some(port) = port else { continue };
            // A port that carries a job's bytes only by the plan of now has its grid from there.
            let grid = self.ports[port].sent.take();
            state.sent = state.sent.filter(|_| grid.is_some()).or(grid);
            self.ports[port] = state;
        }
    }

    fn take_over(
        &mut self,
        here: &Here,
        cables: Vec<[Conservation; 2]>,
        jobs: Vec<JobState>,
        devices: Vec<DeviceState>,
    ) {
        for (cable, mut ways) in here.cables.iter().zip(cables) {
            let Some((cable, is_turned)) = *cable else { continue };
            if is_turned {
                ways.swap(0, 1);
            }
            self.cables[cable] = ways;
        }
        for (job, state) in here.jobs.iter().zip(jobs) {
            if let Some(job) = *job {
                self.jobs[job] = state;
            }
        }
        for (device, state) in here.devices.iter().zip(devices) {
            if let Some(device) = *device {
                self.devices[device] = state;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Extra, SECOND, Scene, iteration, star};

    #[test]
    fn what_was_restored_is_saved_as_it_was() {
        let mut scene = Scene::new(star(3));
        (0..5).for_each(|_| _ = scene.second(|_, at| iteration(at, SECOND, 0), Extra::default()));
        let write = |features: &Features, entities: &EntityTable| -> Vec<u8> {
            postcard::to_extend(&features.saved(entities), Vec::new()).unwrap()
        };
        let before = write(scene.engine.features(), &scene.entities);
        let restored = postcard::from_bytes::<Saved<'_>>(&before).unwrap().restored(&star(3)).unwrap();
        assert!(write(&restored, &EntityTable::default()) == before);
    }
}
