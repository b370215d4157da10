//! A trace in CSV files that somebody wrote: checked, sorted by time, and written as weft writes traces.

use crate::counters::CounterSources;
use crate::csv_file::field;
use crate::entities::Entities;
use crate::error::{Result, TraceError};
use crate::manifest::Manifest;
use crate::marks::{events, steps};
use crate::ordered::Ordered;
use crate::plan::load_plan;
use crate::samples::{Sample, Samples, Slot, Value, counters_of};
use crate::truth::load_truth;
use crate::write::{StepFile, TraceWriter};
use std::collections::HashMap;
use std::path::Path;
use weft_wire::Table;
use weft_wire::plan::Plan;

/// Files taken over as they are, once they have been read without error.
const COPIED: [&str; 3] = ["counters.csv", "paths.csv", "truth.csv"];
/// Samples are sorted and written a second of event time at a time, or a sampling interval where that is longer. The
/// length changes how much is held in memory, never what is written.
const SORTED_AT_ONCE_NS: i64 = 1_000_000_000;

/// Reads the trace in `src` and writes it to `out`. Returns how many samples were written.
pub fn import(src: &Path, out: &Path) -> Result<u64> {
    let manifest = Manifest::load(src)?;
    let plan = load_plan(src)?;
    let mut entities = Entities::of_plan(&plan);
    CounterSources::load(src)?;
    load_truth(src)?;
    let steps = steps(src, &mut entities)?;
    let events = events(src, &mut entities)?;
    check_devices(src, &plan, &entities)?;
    let samples = Samples::open(src)?.of_known_devices();
    let failed = |e: std::io::Error| {
        TraceError::new(out.display().to_string(), 0, e.to_string(), "check that it can be written")
    };
    let mut writer = TraceWriter::create(out, StepFile::Plain).map_err(failed)?;
    let mut ordered = Ordered::new(samples, manifest.tick_ns.max(SORTED_AT_ONCE_NS));
    let mut names = Names::default();
    while let Some((_, mut tick)) = ordered.next_tick(&mut entities)? {
        tick.sort_by_key(|s| (s.ts_ns, s.at, s.slot));
        for sample in &tick {
            write(&mut writer, &entities, ordered.samples(), &mut names, sample).map_err(failed)?;
        }
    }
    let rows = writer.samples();
    for event in events {
        let device = &entities.devices[event.device as usize].name;
        let port = event.port.map_or("", |p| entities.port(p).name.as_str());
        writer.event(event.ts_ns, device, port, &event.event, &event.text).map_err(failed)?;
    }
    for (_, step) in &steps {
        writer.step(step).map_err(failed)?;
    }
    writer.finish(&manifest, &plan).map_err(failed)?;
    copy(src, out).map_err(failed)?;
    Ok(rows)
}

/// Every device that steps.csv and events.csv name must be planned.
fn check_devices(dir: &Path, plan: &Plan, entities: &Entities) -> Result<()> {
    match entities.devices.get(plan.devices.len()) {
        None => Ok(()),
        Some(stranger) => {
            let what = format!("another file names device {}, which is not here", stranger.name);
            Err(TraceError::new(dir.join("devices.csv").display().to_string(), 0, what, "add it"))
        }
    }
}

/// The names of counters and of their elements, by table and column.
#[derive(Default)]
struct Names {
    by_table: HashMap<Table, Vec<Vec<String>>>,
}

impl Names {
    fn get(&mut self, table: Table, column: u16, element: u8) -> &str {
        let all = |c: &&weft_wire::Counter| (0..c.list.unwrap_or(1)).map(|e| c.element_name(e)).collect();
        let names = self.by_table.entry(table).or_insert_with(|| counters_of(table).iter().map(all).collect());
        names.get(usize::from(column)).and_then(|n| n.get(usize::from(element))).map_or("", String::as_str)
    }
}

fn write(
    writer: &mut TraceWriter,
    entities: &Entities,
    samples: &Samples,
    names: &mut Names,
    sample: &Sample,
) -> std::io::Result<()> {
    let port = entities.port(sample.at);
    let device = &entities.devices[sample.at.device as usize].name;
    let place = format_args!("{},{},{}", sample.ts_ns, field(device), field(&port.name));
    let counter = match sample.slot {
        Slot::Counter { column, element } => names.get(port.table, column, element),
        Slot::Extra(name) => samples.extra_names.get(name as usize).map_or("", String::as_str),
    };
    let counter = field(counter);
    match sample.value {
        Value::Int(value) => writer.sample(place, counter, value),
        Value::Float(value) => writer.sample(place, counter, value),
        // 2^63 stands for every value above 2^63 - 1: readers of a trace say of it that it is too large, as of the original.
        Value::TooLarge => writer.sample(place, counter, 1u64 << 63),
    }
}

fn copy(src: &Path, out: &Path) -> std::io::Result<()> {
    for name in COPIED {
        for suffix in ["", ".gz", ".zst"] {
            let name = format!("{name}{suffix}");
            if src.join(&name).is_file() {
                std::fs::copy(src.join(&name), out.join(&name))?;
            }
        }
    }
    Ok(())
}
