//! Writes a trace folder: samples, step marks and events as they come, the rest at the end.

use crate::csv_file::{CsvFile, field};
use crate::manifest::Manifest;
use crate::write_plan::write_plan;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use std::fmt::Display;
use std::io::Result;
use std::path::{Path, PathBuf};
use weft_wire::plan::Plan;
use weft_wire::{CounterSource, ExtraRow, Overflow, StepRow, Table, TableSchema, catalogue};

/// What becomes of the marks of training loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepFile {
    /// `steps.csv`.
    Plain,
    /// `steps.csv.zst`: worth its while for the marks of hundreds of ranks.
    Compressed,
    /// No file: marks are left out of the trace.
    Absent,
}

impl StepFile {
    fn create(self, dir: &Path) -> Result<Option<CsvFile>> {
        let name = match self {
            StepFile::Plain => "steps.csv",
            StepFile::Compressed => "steps.csv.zst",
            StepFile::Absent => return Ok(None),
        };
        CsvFile::create(&dir.join(name), "job,rank,device,step,phase,start_ns,end_ns").map(Some)
    }
}

pub struct TraceWriter {
    dir: PathBuf,
    samples: CsvFile,
    steps: Option<CsvFile>,
    events: CsvFile,
    written: u64,
}

impl TraceWriter {
    /// Makes the folder where it is not there yet.
    pub fn create(dir: &Path, steps: StepFile) -> Result<TraceWriter> {
        std::fs::create_dir_all(dir)?;
        Ok(TraceWriter {
            dir: dir.to_owned(),
            samples: CsvFile::create(&dir.join("samples.csv.zst"), "ts_ns,device,port,counter,value")?,
            steps: steps.create(dir)?,
            events: CsvFile::create(&dir.join("events.csv"), "ts_ns,device,port,event,text")?,
            written: 0,
        })
    }

    /// How many samples were written so far.
    pub fn samples(&self) -> u64 {
        self.written
    }

    /// Writes the samples of one batch. `name` gives the device and the port of each row of the batch.
    pub fn batch<'n>(
        &mut self,
        schema: &TableSchema,
        batch: &RecordBatch,
        name: impl Fn(usize) -> (&'n str, &'n str),
    ) -> Result<()> {
        match schema.table {
            Table::Extra => self.extra_batch(batch, name),
            _ => self.wide_batch(schema, batch, name),
        }
    }

    fn wide_batch<'n>(
        &mut self,
        schema: &TableSchema,
        batch: &RecordBatch,
        name: impl Fn(usize) -> (&'n str, &'n str),
    ) -> Result<()> {
        let columns: Vec<(Vec<String>, &ArrayRef)> = schema
            .counters
            .iter()
            .zip(&batch.columns()[TableSchema::KEYS..])
            .map(|(counter, column)| (element_names(schema.table, counter), column))
            .collect();
        let times = batch.column(1).as_primitive::<Int64Type>().values();
        for (row, ts_ns) in times.iter().enumerate() {
            let place = place(*ts_ns, name(row));
            for (counters, column) in &columns {
                self.values(&place, counters, column, row)?;
            }
        }
        Ok(())
    }

    /// Writes what one row holds in one column: a value, or a value for each element of a list. A null is no sample.
    fn values(&mut self, place: &str, counters: &[String], column: &ArrayRef, row: usize) -> Result<()> {
        if let Some(list) = column.as_fixed_size_list_opt() {
            let values = list.values().as_primitive::<Int64Type>();
            let first = row * counters.len();
            for (element, counter) in counters.iter().enumerate().filter(|(e, _)| values.is_valid(first + e)) {
                self.sample(place, counter, values.value(first + element))?;
            }
            return Ok(());
        }
        if column.is_null(row) {
            return Ok(());
        }
        match (column.as_primitive_opt::<Int64Type>(), column.as_primitive_opt::<Float64Type>()) {
            (Some(ints), _) => self.sample(place, &counters[0], ints.value(row)),
            (_, Some(floats)) => self.sample(place, &counters[0], floats.value(row)),
            (None, None) => Ok(()),
        }
    }

    fn extra_batch<'n>(&mut self, batch: &RecordBatch, name: impl Fn(usize) -> (&'n str, &'n str)) -> Result<()> {
        for (number, row) in ExtraRow::read(batch).iter().enumerate() {
            self.sample(place(row.ts_ns, name(number)), field(&row.name), row.value)?;
        }
        Ok(())
    }

    /// Writes one sample. `place` is `ts_ns,device,port`, each a CSV field; `counter` is a CSV field too.
    pub fn sample(&mut self, place: impl Display, counter: impl Display, value: impl Display) -> Result<()> {
        self.written += 1;
        self.samples.line(format_args!("{place},{counter},{value}"))
    }

    pub fn event(&mut self, ts_ns: i64, device: &str, port: &str, event: &str, text: &str) -> Result<()> {
        let [device, port, event, text] = [device, port, event, text].map(field);
        self.events.line(format_args!("{ts_ns},{device},{port},{event},{text}"))
    }

    /// Writes one mark of a training loop, unless the trace was begun without a file for them.
    pub fn step(&mut self, row: &StepRow) -> Result<()> {
        let Some(steps) = &mut self.steps else { return Ok(()) };
        let [job, device, phase] = [&row.job, &row.device, &row.phase].map(|t| field(t));
        let StepRow { rank, step, start_ns, end_ns, .. } = row;
        steps.line(format_args!("{job},{rank},{device},{step},{phase},{start_ns},{end_ns}"))
    }

    /// Writes what feeds the counters of each (device, port): its source, its width and what it does at the top of it.
    pub fn counters<'n>(&self, ports: impl Iterator<Item = (&'n str, &'n str, &'n [CounterSource])>) -> Result<()> {
        let header = "device,port,counter,source,bits,overflow";
        let mut file = CsvFile::create(&self.dir.join("counters.csv.zst"), header)?;
        for (device, port, counters) in ports {
            let [device, port] = [device, port].map(field);
            for CounterSource { counter, source, bits, overflow, .. } in counters {
                let overflow = if *overflow == Overflow::Saturate { "saturate" } else { "wrap" };
                file.line(format_args!("{device},{port},{counter},{},{bits},{overflow}", field(source)))?;
            }
        }
        file.finish()
    }

    /// Ends the streamed files and writes the plan and trace.toml, which is thus the last file of a whole trace.
    pub fn finish(self, manifest: &Manifest, plan: &Plan) -> Result<()> {
        self.samples.finish()?;
        self.events.finish()?;
        self.steps.map_or(Ok(()), CsvFile::finish)?;
        write_plan(&self.dir, plan)?;
        manifest.write(&self.dir)
    }
}

/// The first three fields of a sample.
fn place(ts_ns: i64, (device, port): (&str, &str)) -> String {
    format!("{ts_ns},{},{}", field(device), field(port))
}

/// The names under which a column's values are written: one for a plain counter, one an element for a list.
fn element_names(table: Table, counter: &str) -> Vec<String> {
    match catalogue().counter(table, counter) {
        Some(known) => (0..known.list.unwrap_or(1)).map(|e| known.element_name(e)).collect(),
        None => vec![counter.to_owned()],
    }
}
