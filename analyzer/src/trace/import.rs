//! `weft import`: a trace in CSVs that someone wrote, checked, sorted and written as weft writes them.

use super::counters::CounterSources;
use super::entities::Entities;
use super::error::{Result, TraceError};
use super::manifest::Manifest;
use super::marks::{events, steps};
use super::ordered::Ordered;
use super::samples::{Sample, Samples, Slot, Value, counters_of};
use super::table::Table as File;
use super::write::{TraceWriter, field};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weft_wire::Table;
use weft_wire::plan::Plan;

const EXAMPLES: &str = "\
Examples:
  weft import dump/ --out trace/ && weft replay trace/ --out verdicts/";

/// Check a trace of CSV files and write it sorted and compressed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// Folder with trace.toml, devices.csv, samples.csv and so on.
    pub src: PathBuf,
    /// Folder of the trace to write.
    #[arg(long)]
    pub out: PathBuf,
}

/// Files taken over as they are, once they have been read without error.
const COPIED: [&str; 3] = ["counters.csv", "paths.csv", "truth.csv"];

/// The subcommand: 0 well, 2 with `FILE:LINE: what is wrong; how to mend`.
pub fn run(args: &ImportArgs) -> ExitCode {
    match import(args) {
        Ok(rows) => {
            println!("{}", serde_json::json!({"imported": args.out, "samples": rows}));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Returns how many samples were written.
pub fn import(args: &ImportArgs) -> Result<u64> {
    let manifest = Manifest::load(&args.src)?;
    let plan = super::plan::load_plan(&args.src)?;
    let mut entities = Entities::of_plan(&plan);
    CounterSources::load(&args.src)?;
    check_truth(&args.src)?;
    let steps = steps(&args.src, &mut entities)?;
    let events = events(&args.src, &mut entities)?;
    check_devices(&args.src, &plan, &entities)?;
    let samples = Samples::open(&args.src)?.of_known_devices();
    let out = args.out.display().to_string();
    let failed = |e: std::io::Error| TraceError::new(&out, 0, e.to_string(), "check that it can be written");
    let mut writer = TraceWriter::create(&args.out).map_err(failed)?;
    let mut ordered = Ordered::new(samples, manifest.analysis_tick_ns());
    let mut names = Names::default();
    while let Some((_, mut tick)) = ordered.next_tick(&mut entities)? {
        tick.sort_by_key(|s| (s.ts_ns, s.at, s.slot));
        for sample in &tick {
            write(&mut writer, &entities, ordered.samples(), &mut names, sample).map_err(failed)?;
        }
    }
    let rows = writer.rows();
    for event in events {
        let device = &entities.devices[event.device as usize].name;
        let port = event.port.map_or("", |p| entities.port(p).name.as_str());
        writer.event(event.ts_ns, device, port, &event.event, &event.text).map_err(failed)?;
    }
    for (_, step) in &steps {
        writer.step(step).map_err(failed)?;
    }
    writer.finish(&manifest, &plan, None).map_err(failed)?;
    copy(&args.src, &args.out).map_err(failed)?;
    Ok(rows)
}

/// It is taken over as it is, so its times are checked here.
fn check_truth(dir: &Path) -> Result<()> {
    let Some(mut table) = File::open(dir, "truth.csv")? else { return Ok(()) };
    let [start, end] = ["start_ns", "end_ns"].map(|name| table.optional_column(name));
    while table.next_row()? {
        table.optional_stamp(start, "start_ns")?;
        table.optional_stamp(end, "end_ns")?;
    }
    Ok(())
}

fn check_devices(dir: &Path, plan: &Plan, entities: &Entities) -> Result<()> {
    match entities.devices.get(plan.devices.len()) {
        None => Ok(()),
        Some(stranger) => {
            let what = format!("another file names device {}, which is not here", stranger.name);
            Err(TraceError::new(dir.join("devices.csv").display().to_string(), 0, what, "add it"))
        }
    }
}

/// Names of counters by table and column, as elements.
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
    let place = format!("{},{},{}", sample.ts_ns, field(device), field(&port.name));
    let counter = match sample.slot {
        Slot::Counter { column, element } => names.get(port.table, column, element),
        Slot::Extra(name) => samples.extra_names.get(name as usize).map_or("", String::as_str),
    };
    match sample.value {
        Value::Int(value) => writer.sample(&place, &field(counter), format_args!("{value}")),
        Value::Float(value) => writer.sample(&place, &field(counter), format_args!("{value}")),
        // 2^63: too large for every reader of a trace, and they say so.
        Value::TooLarge => writer.sample(&place, &field(counter), format_args!("9223372036854775808")),
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
