//! Writes a trace folder: samples.csv.zst streamed as they come, the rest at the end.

use super::manifest::Manifest;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::{Path, PathBuf};
use weft_judge::fabric::{EntityId, EntityTable};
use weft_judge::fabric::{Tick, TickBatch};
use weft_wire::plan::Plan;
use weft_wire::{CounterSource, ExtraRow, Overflow, StepRow, Table, TableSchema, catalogue};

/// zstd's default: ~20 times smaller than the text, and faster than the samples come.
const LEVEL: i32 = 3;

/// One CSV file, compressed when its name ends in `.zst`.
pub struct CsvFile {
    writer: Output,
}

enum Output {
    Plain(BufWriter<File>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl CsvFile {
    pub fn create(path: &Path, header: &str) -> Result<CsvFile> {
        let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        let writer = match path.extension().is_some_and(|e| e == "zst") {
            true => Output::Zstd(zstd::Encoder::new(file, LEVEL)?),
            false => Output::Plain(file),
        };
        let mut csv = CsvFile { writer };
        csv.line(format_args!("{header}"))?;
        Ok(csv)
    }

    /// Fields must be safe or quoted ([`field`]).
    pub fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<()> {
        match &mut self.writer {
            Output::Plain(w) => writeln!(w, "{line}"),
            Output::Zstd(w) => writeln!(w, "{line}"),
        }
    }

    pub fn finish(self) -> Result<()> {
        let mut file = match self.writer {
            Output::Plain(w) => w,
            Output::Zstd(w) => w.finish()?,
        };
        file.flush()
    }
}

/// Quoted when it must be.
pub fn field(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

pub struct TraceWriter {
    dir: PathBuf,
    samples: CsvFile,
    steps: CsvFile,
    events: CsvFile,
    rows: u64,
}

impl TraceWriter {
    pub fn create(dir: &Path) -> Result<TraceWriter> {
        std::fs::create_dir_all(dir)?;
        Ok(TraceWriter {
            dir: dir.to_owned(),
            samples: CsvFile::create(&dir.join("samples.csv.zst"), "ts_ns,device,port,counter,value")?,
            steps: CsvFile::create(&dir.join("steps.csv"), "job,rank,device,step,phase,start_ns,end_ns")?,
            events: CsvFile::create(&dir.join("events.csv"), "ts_ns,device,port,event,text")?,
            rows: 0,
        })
    }

    /// Samples written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn add_tick(&mut self, tick: &Tick, entities: &EntityTable) -> Result<()> {
        for batch in &tick.batches {
            match batch.table {
                Table::Extra => self.add_extra(batch, entities)?,
                _ => self.add_wide(batch, entities)?,
            }
        }
        for e in &tick.events {
            self.event(e.ts_ns, &e.device, &e.port, &e.event, &e.text)?;
        }
        for s in &tick.steps {
            let (job, phase, device) = (s.job.clone(), s.phase.clone(), s.device.clone());
            let (gpu, extra) = (None, String::new());
            let (rank, step, start_ns, end_ns) = (s.rank, s.step, s.start_ns, s.end_ns);
            self.step(&StepRow { device, job, rank, gpu, step, phase, start_ns, end_ns, extra })?;
        }
        Ok(())
    }

    pub fn event(&mut self, ts_ns: i64, device: &str, port: &str, event: &str, text: &str) -> Result<()> {
        let [device, port, event, text] = [device, port, event, text].map(field);
        self.events.line(format_args!("{ts_ns},{device},{port},{event},{text}"))
    }

    pub fn step(&mut self, row: &StepRow) -> Result<()> {
        let [job, device, phase] = [&row.job, &row.device, &row.phase].map(|t| field(t));
        let StepRow { rank, step, start_ns, end_ns, .. } = row;
        self.steps.line(format_args!("{job},{rank},{device},{step},{phase},{start_ns},{end_ns}"))
    }

    fn add_wide(&mut self, rows: &TickBatch, entities: &EntityTable) -> Result<()> {
        let columns: Vec<(Vec<String>, &ArrayRef)> = rows
            .schema
            .counters
            .iter()
            .zip(&rows.batch.columns()[TableSchema::KEYS..])
            .map(|(name, column)| (element_names(rows.table, name), column))
            .collect();
        let times = rows.batch.column(1).as_primitive::<Int64Type>().values();
        for (row, EntityId(id)) in rows.entities.iter().enumerate() {
            let entity = entities.get(EntityId(*id));
            let place = format!("{},{},{}", times[row], field(&entity.device), field(&entity.port));
            for (names, column) in &columns {
                self.add_values(&place, names, column, row)?;
            }
        }
        Ok(())
    }

    /// Null is an absent row.
    fn add_values(&mut self, place: &str, names: &[String], column: &ArrayRef, row: usize) -> Result<()> {
        if let Some(list) = column.as_fixed_size_list_opt() {
            let values = list.values().as_primitive::<Int64Type>();
            let first = row * names.len();
            for (element, name) in names.iter().enumerate().filter(|(e, _)| values.is_valid(first + e)) {
                self.sample(place, name, format_args!("{}", values.value(first + element)))?;
            }
            return Ok(());
        }
        if column.is_null(row) {
            return Ok(());
        }
        match column.as_primitive_opt::<Int64Type>() {
            Some(values) => self.sample(place, &names[0], format_args!("{}", values.value(row))),
            None => match column.as_primitive_opt::<Float64Type>() {
                Some(values) => self.sample(place, &names[0], format_args!("{}", values.value(row))),
                None => Ok(()),
            },
        }
    }

    fn add_extra(&mut self, rows: &TickBatch, entities: &EntityTable) -> Result<()> {
        for (row, id) in ExtraRow::read(&rows.batch).iter().zip(&rows.entities) {
            let entity = entities.get(*id);
            let place = format!("{},{},{}", row.ts_ns, field(&entity.device), field(&entity.port));
            self.sample(&place, &field(&row.name), format_args!("{}", row.value))?;
        }
        Ok(())
    }

    pub fn sample(&mut self, place: &str, counter: &str, value: std::fmt::Arguments<'_>) -> Result<()> {
        self.rows += 1;
        self.samples.line(format_args!("{place},{counter},{value}"))
    }

    /// `entities`: for counters.csv; a recording has them, an import copies the file.
    pub fn finish(self, manifest: &Manifest, plan: &Plan, entities: Option<&EntityTable>) -> Result<()> {
        self.samples.finish()?;
        self.steps.finish()?;
        self.events.finish()?;
        write_plan(&self.dir, plan)?;
        if let Some(entities) = entities {
            write_counters(&self.dir, entities)?;
        }
        let text = toml::to_string(manifest).map_err(std::io::Error::other)?;
        std::fs::write(self.dir.join("trace.toml"), text)
    }
}

fn element_names(table: Table, counter: &str) -> Vec<String> {
    match catalogue().counter(table, counter) {
        Some(known) => (0..known.list.unwrap_or(1)).map(|e| known.element_name(e)).collect(),
        None => vec![counter.to_owned()],
    }
}

pub fn write_plan(dir: &Path, plan: &Plan) -> Result<()> {
    let labels: BTreeSet<&String> = plan.devices.iter().flat_map(|d| d.labels.keys()).collect();
    let more: String = labels.iter().map(|l| format!(",{}", field(l))).collect();
    let mut file = CsvFile::create(&dir.join("devices.csv"), &format!("device,kind,tier,rack,pod{more}"))?;
    for d in &plan.devices {
        let [device, kind, tier, rack, pod] = [&d.device, &d.kind, &d.tier, &d.rack, &d.pod].map(|t| field(t));
        let value = |l: &&String| format!(",{}", field(d.labels.get(*l).map_or("", String::as_str)));
        let more: String = labels.iter().map(value).collect();
        file.line(format_args!("{device},{kind},{tier},{rack},{pod}{more}"))?;
    }
    file.finish()?;
    let mut file = CsvFile::create(&dir.join("ports.csv"), "device,port,table,speed_bps,rail,role,plane")?;
    for p in &plan.ports {
        let [device, port, table, rail, role, plane] =
            [&p.device, &p.port, &p.table, &p.rail, &p.role, &p.plane].map(|t| field(t));
        let speed = number(p.speed_bps);
        file.line(format_args!("{device},{port},{table},{speed},{rail},{role},{plane}"))?;
    }
    file.finish()?;
    let mut file = CsvFile::create(&dir.join("cables.csv"), "a_device,a_port,b_device,b_port")?;
    for c in &plan.cables {
        let [a, b, c, d] = [&c.a_device, &c.a_port, &c.b_device, &c.b_port].map(|t| field(t));
        file.line(format_args!("{a},{b},{c},{d}"))?;
    }
    file.finish()?;
    let mut file = CsvFile::create(&dir.join("jobs.csv"), "job,device,start_ns,end_ns,rank,group,port")?;
    for j in &plan.jobs {
        let [job, device, group, port] = [&j.job, &j.device, &j.group, &j.port].map(|t| field(t));
        let (start, end, rank) = (number(j.start_ns), number(j.end_ns), number(j.rank.map(i64::from)));
        file.line(format_args!("{job},{device},{start},{end},{rank},{group},{port}"))?;
    }
    file.finish()
}

fn number(value: Option<i64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn write_counters(dir: &Path, entities: &EntityTable) -> Result<()> {
    let mut file = CsvFile::create(&dir.join("counters.csv.zst"), "device,port,counter,source,bits,overflow")?;
    for entity in entities.iter() {
        let [device, port] = [&entity.device, &entity.port].map(|t| field(t));
        for CounterSource { counter, source, bits, overflow, .. } in &entity.profile.counters {
            let overflow = if *overflow == Overflow::Saturate { "saturate" } else { "wrap" };
            file.line(format_args!("{device},{port},{counter},{},{bits},{overflow}", field(source)))?;
        }
    }
    file.finish()
}
