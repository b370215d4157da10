//! steps.csv and events.csv, whole in memory and sorted: a mark a rank and phase is little beside the samples.

use crate::entities::{Entities, PortIndex};
use crate::error::Result;
use crate::table::Table;
use std::path::Path;
use weft_wire::StepRow;

/// An event of a device, and the port it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    pub ts_ns: i64,
    pub device: u32,
    pub port: Option<PortIndex>,
    pub event: String,
    pub text: String,
}

/// By time of ending; each with its device's index.
pub fn steps(dir: &Path, entities: &mut Entities) -> Result<Vec<(u32, StepRow)>> {
    let Some(mut table) = Table::open(dir, "steps.csv")? else { return Ok(Vec::new()) };
    let [job, rank, device] = [table.column("job")?, table.column("rank")?, table.column("device")?];
    let [step, start, end] = [table.column("step")?, table.column("start_ns")?, table.column("end_ns")?];
    let [phase, gpu] = ["phase", "gpu"].map(|c| table.optional_column(c));
    let mut rows = Vec::new();
    while table.next_row()? {
        let small =
            |value: i64| i32::try_from(value).map_err(|_| table.error("a number is too large", "stay below 2^31"));
        let row = StepRow {
            device: table.name(device, "device")?.to_owned(),
            job: table.name(job, "job")?.to_owned(),
            rank: small(table.int(rank, "rank")?)?,
            gpu: table.optional_int(gpu, "gpu")?.map(small).transpose()?,
            step: table.int(step, "step")?,
            phase: table.text(phase)?.to_owned(),
            start_ns: table.stamp(start, "start_ns")?,
            end_ns: table.stamp(end, "end_ns")?,
            extra: String::new(),
        };
        if row.end_ns < row.start_ns {
            return Err(table.error("end_ns is before start_ns", "swap them"));
        }
        rows.push((entities.device(&row.device), row));
    }
    rows.sort_by_key(|(_, row)| row.end_ns);
    Ok(rows)
}

/// By time.
pub fn events(dir: &Path, entities: &mut Entities) -> Result<Vec<TraceEvent>> {
    let Some(mut table) = Table::open(dir, "events.csv")? else { return Ok(Vec::new()) };
    let [ts, device, event] = [table.column("ts_ns")?, table.column("device")?, table.column("event")?];
    let [port, text] = ["port", "text"].map(|c| table.optional_column(c));
    let mut rows = Vec::new();
    while table.next_row()? {
        let (name, on) = (table.name(device, "device")?, table.text(port)?);
        let device = entities.device(name);
        let port = (!on.is_empty()).then(|| entities.discover(name, on));
        rows.push(TraceEvent {
            ts_ns: table.stamp(ts, "ts_ns")?,
            device,
            port,
            event: table.name(event, "event")?.to_owned(),
            text: table.text(text)?.to_owned(),
        });
    }
    rows.sort_by_key(|row| row.ts_ns);
    Ok(rows)
}
