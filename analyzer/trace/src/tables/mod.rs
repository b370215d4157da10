//! A trace whole in memory, so that it can be changed and judged without being written anywhere.

mod repeat;
mod series;
#[cfg(test)]
mod tests;

use crate::counters::CounterSources;
use crate::entities::{Entities, PortIndex, TracePort};
use crate::error::Result;
use crate::manifest::Manifest;
use crate::marks::{TraceEvent, events, steps};
use crate::plan::load_plan;
use crate::samples::{Sample, Samples, Slot, Value};
pub use series::Series;
use std::path::Path;
use weft_wire::plan::Plan;
use weft_wire::{StepRow, Table};

#[derive(Clone, Debug)]
pub struct TraceTables {
    pub manifest: Manifest,
    pub plan: Plan,
    /// What readings and events are of.
    pub places: Vec<Place>,
    pub readings: Vec<Reading>,
    pub steps: Vec<StepRow>,
    pub events: Vec<Event>,
    sources: CounterSources,
    extra_names: Vec<String>,
}

/// A port of the trace, or a host with an empty port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub device: String,
    pub port: String,
    pub table: Table,
}

/// One counter's value: 40 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub ts_ns: i64,
    /// Index into the places.
    pub place: u32,
    slot: Slot,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub ts_ns: i64,
    pub device: String,
    /// Empty where it is about the device.
    pub port: String,
    event: String,
    text: String,
}

impl TraceTables {
    pub fn load(dir: &Path) -> Result<TraceTables> {
        let (manifest, plan) = (Manifest::load(dir)?, load_plan(dir)?);
        let mut entities = Entities::of_plan(&plan);
        let (steps, events) = (steps(dir, &mut entities)?, events(dir, &mut entities)?);
        let mut file = Samples::open(dir)?;
        let mut samples = Vec::new();
        while let Some(sample) = file.next(&mut entities)? {
            samples.push(sample);
        }
        let sources = CounterSources::load(dir)?;
        // Ports are numbered device by device; a device may have got some last of all.
        let mut first_of = Vec::new();
        let mut places = Vec::new();
        for device in &entities.devices {
            first_of.push(places.len() as u32);
            let place =
                |port: &TracePort| Place { device: device.name.clone(), port: port.name.clone(), table: port.table };
            places.extend(device.ports.iter().map(place));
        }
        let reading = |s: Sample| Reading {
            ts_ns: s.ts_ns,
            place: first_of[s.at.device as usize] + s.at.port,
            slot: s.slot,
            value: s.value,
        };
        Ok(TraceTables {
            manifest,
            plan,
            places,
            readings: samples.into_iter().map(reading).collect(),
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            events: events.into_iter().map(|event| Event::of(event, &entities)).collect(),
            sources,
            extra_names: file.extra_names,
        })
    }

    /// Stamps of the first and the last reading.
    pub fn span_ns(&self) -> Option<(i64, i64)> {
        let stamps = || self.readings.iter().map(|r| r.ts_ns);
        stamps().min().zip(stamps().max())
    }

    /// Gives every reading another stamp: by its device, and the stamp it has.
    pub fn move_readings(&mut self, stamp: impl Fn(&str, i64) -> i64) {
        for reading in &mut self.readings {
            reading.ts_ns = stamp(&self.places[reading.place as usize].device, reading.ts_ns);
        }
    }

    /// The same for readings, events and step marks: all that a device's own clock stamps.
    pub fn move_stamps(&mut self, stamp: impl Fn(&str, i64) -> i64) {
        self.move_readings(&stamp);
        for event in &mut self.events {
            event.ts_ns = stamp(&event.device, event.ts_ns);
        }
        for step in &mut self.steps {
            step.start_ns = stamp(&step.device, step.start_ns);
            step.end_ns = stamp(&step.device, step.end_ns);
        }
    }

    /// Gives jobs another time; one that is open (empty, 0, or the largest number) stays so.
    pub fn move_jobs(&mut self, stamp: impl Fn(i64) -> i64) {
        for job in &mut self.plan.jobs {
            for ns in [&mut job.start_ns, &mut job.end_ns].into_iter().flatten() {
                if !matches!(*ns, 0 | i64::MAX) {
                    *ns = stamp(*ns);
                }
            }
        }
    }

    /// Gives devices and ports other names, everywhere but in the texts of events. Called with an empty port it names a device.
    pub fn rename(&mut self, name: impl Fn(&str, &str) -> (String, String)) {
        let device = |of: &mut String| *of = name(of, "").0;
        let part = |of: &mut String, port: &mut String| (*of, *port) = name(of, port);
        self.plan.devices.iter_mut().for_each(|d| device(&mut d.device));
        self.plan.ports.iter_mut().for_each(|p| part(&mut p.device, &mut p.port));
        for cable in &mut self.plan.cables {
            part(&mut cable.a_device, &mut cable.a_port);
            part(&mut cable.b_device, &mut cable.b_port);
        }
        self.plan.jobs.iter_mut().for_each(|j| part(&mut j.device, &mut j.port));
        self.places.iter_mut().for_each(|p| part(&mut p.device, &mut p.port));
        self.steps.iter_mut().for_each(|s| device(&mut s.device));
        self.events.iter_mut().for_each(|e| part(&mut e.device, &mut e.port));
        self.sources.rename(&name);
    }

    /// What a source of frames is made of: the names found anew, as if the files had been read.
    pub(crate) fn into_parts(self) -> Parts {
        let mut entities = Entities::of_plan(&self.plan);
        let at: Vec<PortIndex> = self.places.iter().map(|p| entities.place(&p.device, &p.port, p.table)).collect();
        let sample = |r: Reading| Sample { ts_ns: r.ts_ns, at: at[r.place as usize], slot: r.slot, value: r.value };
        let samples = self.readings.into_iter().map(sample).collect();
        let mut steps: Vec<(u32, StepRow)> = self.steps.into_iter().map(|s| (entities.device(&s.device), s)).collect();
        steps.sort_by_key(|(_, step)| step.end_ns);
        let mut events: Vec<TraceEvent> = self.events.into_iter().map(|e| e.placed(&mut entities)).collect();
        events.sort_by_key(|event| event.ts_ns);
        Parts {
            manifest: self.manifest,
            plan: self.plan,
            samples: Samples::of_memory(samples, self.extra_names),
            steps,
            events,
            sources: self.sources,
            entities,
        }
    }
}

/// See [`TraceTables::into_parts`].
pub(crate) struct Parts {
    pub manifest: Manifest,
    pub plan: Plan,
    pub samples: Samples,
    pub steps: Vec<(u32, StepRow)>,
    pub events: Vec<TraceEvent>,
    pub sources: CounterSources,
    pub entities: Entities,
}

impl Event {
    fn of(event: TraceEvent, entities: &Entities) -> Event {
        let device = entities.devices[event.device as usize].name.clone();
        let port = event.port.map_or(String::new(), |at| entities.port(at).name.clone());
        Event { ts_ns: event.ts_ns, device, port, event: event.event, text: event.text }
    }

    fn placed(self, entities: &mut Entities) -> TraceEvent {
        let device = entities.device(&self.device);
        let port = (!self.port.is_empty()).then(|| entities.discover(&self.device, &self.port));
        TraceEvent { ts_ns: self.ts_ns, device, port, event: self.event, text: self.text }
    }
}
