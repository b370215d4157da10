//! Closed ticks into a trace.

use crate::ingest::{Ingest, IngestConfig, IngestEvent, TICK_NS};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::io::Result;
use std::path::Path;
use weft_judge::fabric::{EntityTable, StepMark, Tick};
use weft_trace::{Manifest, StepFile, TraceWriter};
use weft_wire::plan::{Plan, PlanDevice, PlanPort};
use weft_wire::{StepRow, Table};

pub struct Recorder {
    ingest: Ingest,
    writer: TraceWriter,
}

impl Recorder {
    pub fn new(out: &Path, lateness_s: f64) -> Result<Recorder> {
        let lateness_ns = (lateness_s.max(0.0) * 1e9) as i64;
        let config = IngestConfig { tick_ns: TICK_NS, lateness_ns, ..Default::default() };
        Ok(Recorder { ingest: Ingest::new(config), writer: TraceWriter::create(out, StepFile::Plain)? })
    }

    /// Takes in one message, and writes the ticks that it closes.
    pub fn take(&mut self, key: &str, payload: &Bytes) -> Result<()> {
        let events = self.ingest.push(key, payload);
        self.write(events)
    }

    fn write(&mut self, events: Vec<IngestEvent>) -> Result<()> {
        for event in events {
            if let IngestEvent::Tick(tick) = event {
                write_tick(&mut self.writer, &tick, self.ingest.entities())?;
            }
        }
        Ok(())
    }

    /// Closes and writes what is left. Returns how many samples were written in all.
    pub fn finish(mut self, plan: Option<Plan>, name: &str) -> Result<u64> {
        let events = self.ingest.finish();
        self.write(events)?;
        let samples = self.writer.samples();
        let entities = self.ingest.entities();
        self.writer.counters(entities.iter().map(|e| (&*e.device, &*e.port, &*e.profile.counters)))?;
        let manifest = Manifest {
            name: name.to_owned(),
            tick_ns: TICK_NS,
            description: "recorded by weft".to_owned(),
            clock: "realtime".to_owned(),
        };
        self.writer.finish(&manifest, &plan.unwrap_or_else(|| described(entities)))?;
        Ok(samples)
    }
}

fn write_tick(writer: &mut TraceWriter, tick: &Tick, entities: &EntityTable) -> Result<()> {
    for rows in &tick.batches {
        writer.batch(&rows.schema, &rows.batch, |row| {
            let entity = entities.get(rows.entities[row]);
            (&*entity.device, &*entity.port)
        })?;
    }
    for e in &tick.events {
        writer.event(e.ts_ns, &e.device, &e.port, &e.event, &e.text)?;
    }
    tick.steps.iter().try_for_each(|mark| writer.step(&step_row(mark)))
}

/// A mark as the trace has it. Neither the GPU nor the unknown fields of a mark are part of a tick, nor of a trace.
fn step_row(mark: &StepMark) -> StepRow {
    let StepMark { job, rank, device, step, phase, start_ns, end_ns } = mark.clone();
    StepRow { device, job, rank, gpu: None, step, phase, start_ns, end_ns, extra: String::new() }
}

/// The devices and ports that collectors describe, as a plan without cables and jobs.
fn described(entities: &EntityTable) -> Plan {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for entity in entities.iter() {
        if seen.insert(entity.device.clone()) {
            let is_switch = entity.table == Table::SwitchPort;
            let kind = if is_switch { "switch" } else { "node" }.to_owned();
            plan.devices.push(PlanDevice { device: entity.device.to_string(), kind, ..Default::default() });
        }
        if matches!(entity.table, Table::Nic | Table::SwitchPort | Table::Gpu | Table::GpuLink | Table::Host) {
            plan.ports.push(PlanPort {
                device: entity.device.to_string(),
                port: entity.port.to_string(),
                table: entity.table.name().to_owned(),
                speed_bps: entity.speed_bps,
                ..Default::default()
            });
        }
    }
    plan
}
