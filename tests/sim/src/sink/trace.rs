//! A trace folder from readings, and the truth beside it.

use super::{Row, Sink, entities};
use crate::faults::Nature;
use crate::job::Mark;
use crate::layout::{LAYOUTS, Value};
use crate::plan::plan;
use crate::sim::{Fabric, Sim};
use crate::topology::{DeviceId, Topology};
use crate::truth::Truth;
use crate::world::Happening;
use anyhow::Result;
use std::path::{Path, PathBuf};
use weft_trace::{Manifest, StepFile, TraceWriter, write_plan};
use weft_wire::StepRow;

pub struct TraceSink {
    dir: PathBuf,
    writer: TraceWriter,
    /// Name of each device, and of each of its entities.
    names: Vec<(String, Vec<String>)>,
    /// Names of each layout's columns.
    columns: Vec<Vec<&'static str>>,
}

impl TraceSink {
    /// Makes the folder and its plan. Marks of the jobs are written only where `marks` says so.
    pub fn create(dir: &Path, fabric: &Fabric, start_ns: i64, end_ns: Option<i64>, marks: bool) -> Result<TraceSink> {
        write_plan(dir, &plan(fabric, start_ns, end_ns))?;
        let steps = if marks { StepFile::Compressed } else { StepFile::Absent };
        Ok(TraceSink {
            dir: dir.to_owned(),
            writer: TraceWriter::create(dir, steps)?,
            names: names(&fabric.world.topology),
            columns: LAYOUTS.iter().map(|layout| layout.columns.iter().map(|c| c.name()).collect()).collect(),
        })
    }

    /// Ends the files and writes trace.toml, truth.csv, and the plan anew with the jobs' end.
    pub fn finish(self, sim: &Sim, start_ns: i64, description: &str) -> Result<()> {
        let end_ns = start_ns + (sim.now() * 1e9) as i64;
        let manifest = Manifest {
            name: self.dir.file_name().map_or("sim".into(), |name| name.to_string_lossy().into_owned()),
            tick_ns: 1_000_000_000,
            description: description.to_owned(),
            clock: "each device's own, 16 to 800 us wrong".to_owned(),
        };
        self.writer.finish(&manifest, &plan(&sim.fabric, start_ns, Some(end_ns)))?;
        Ok(std::fs::write(self.dir.join("truth.csv"), truth_csv(&sim.truths, start_ns))?)
    }
}

fn names(topology: &Topology) -> Vec<(String, Vec<String>)> {
    let of = |(id, device): (usize, &crate::topology::Device)| {
        (device.name.clone(), entities(topology, id).into_iter().map(|entity| entity.port).collect())
    };
    topology.devices.iter().enumerate().map(of).collect()
}

fn truth_csv(truths: &[Truth], start_ns: i64) -> String {
    let mut text = "fault,class,device,port,start_ns,end_ns,step_loss,note\n".to_owned();
    for truth in truths {
        let Some(class) = truth.class else { continue };
        let ns = |s: f64| start_ns + (s * 1e9) as i64;
        let loss = truth.step_loss.map_or(String::new(), |l| format!("{l:.4}"));
        let note = match truth.nature {
            Nature::Benign => format!("{} of job {}", truth.script_class, truth.job),
            Nature::Data => truth.script_class.to_owned(),
            Nature::Hardware => {
                let decoy = truth.decoy.as_deref().unwrap_or("nobody");
                format!("job {} lost most; loudest victim {decoy}", truth.job).replace(',', ";")
            }
        };
        let Truth { fault, device, port, begin, end, .. } = truth;
        text.push_str(&format!("{fault},{class},{device},{port},{},{},{loss},{note}\n", ns(*begin), ns(*end)));
    }
    text
}

impl Sink for TraceSink {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        let (device, ports) = &self.names[row.device];
        // Once a row: a row has a dozen values.
        let place = format!("{},{device},{}", row.ts_ns, ports[row.entity]);
        for (counter, value) in self.columns[row.layout].iter().zip(row.values) {
            match value {
                Value::Absent => continue,
                Value::Int(value) => self.writer.sample(&place, counter, value)?,
                Value::Float(value) => self.writer.sample(&place, counter, value)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, device: DeviceId, entity: usize, ts_ns: i64, what: Happening) -> Result<()> {
        let (event, text) = what.told();
        let (device, ports) = &self.names[device];
        Ok(self.writer.event(ts_ns, device, &ports[entity], event, text)?)
    }

    fn mark(&mut self, device: DeviceId, job: &str, mark: &Mark, start_ns: i64, end_ns: i64) -> Result<()> {
        Ok(self.writer.step(&StepRow {
            device: self.names[device].0.clone(),
            job: job.to_owned(),
            rank: mark.rank as i32,
            step: mark.step,
            phase: mark.phase.to_owned(),
            start_ns,
            end_ns,
            ..Default::default()
        })?)
    }

    fn flush(&mut self, _device: DeviceId, _ts_ns: i64) -> Result<()> {
        Ok(())
    }
}
