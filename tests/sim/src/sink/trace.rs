//! A trace folder (CSV form) from readings: weft's own and anybody's tools read it.

use super::{Row, Sink, entities};
use crate::faults::Nature;
use crate::job::Mark;
use crate::layout::{LAYOUTS, Value};
use crate::plan::PlanRows;
use crate::sim::{Fabric, Sim};
use crate::topology::DeviceId;
use crate::truth::Truth;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

type Zstd = zstd::Encoder<'static, BufWriter<File>>;

pub struct TraceSink {
    dir: PathBuf,
    samples: Zstd,
    steps: Option<Zstd>,
    events: BufWriter<File>,
    /// `[device][entity]`: `device,port`.
    names: Vec<Vec<String>>,
    /// `[layout]`: `,counter,` of each column.
    columns: Vec<Vec<String>>,
    devices: Vec<String>,
}

impl TraceSink {
    /// Makes the folder and its plan.
    pub fn create(dir: &Path, fabric: &Fabric, start_ns: i64, end_ns: Option<i64>, marks: bool) -> Result<TraceSink> {
        PlanRows::new(fabric, start_ns, end_ns).write(dir)?;
        let topology = &fabric.world.topology;
        let names = |(id, device): (usize, &crate::topology::Device)| {
            entities(topology, id).iter().map(|e| format!("{},{}", device.name, e.port)).collect()
        };
        let mut samples = zstd_file(&dir.join("samples.csv.zst"))?;
        samples.write_all(b"ts_ns,device,port,counter,value\n")?;
        let mut events = BufWriter::new(File::create(dir.join("events.csv"))?);
        events.write_all(b"ts_ns,device,port,event,text\n")?;
        let steps = match marks {
            true => {
                let mut steps = zstd_file(&dir.join("steps.csv.zst"))?;
                steps.write_all(b"job,rank,device,step,phase,start_ns,end_ns\n")?;
                Some(steps)
            }
            false => None,
        };
        Ok(TraceSink {
            dir: dir.to_owned(),
            samples,
            steps,
            events,
            names: topology.devices.iter().enumerate().map(names).collect(),
            columns: LAYOUTS.iter().map(|l| l.columns.iter().map(|c| format!(",{},", c.name())).collect()).collect(),
            devices: topology.devices.iter().map(|d| d.name.clone()).collect(),
        })
    }

    /// Ends the files and writes trace.toml, truth.csv, and the plan anew with the jobs' end.
    pub fn finish(mut self, sim: &Sim, start_ns: i64, description: &str) -> Result<()> {
        self.samples.finish()?.flush()?;
        self.events.flush()?;
        if let Some(steps) = self.steps.take() {
            steps.finish()?.flush()?;
        }
        let name = self.dir.file_name().map_or("sim".into(), |n| n.to_string_lossy().into_owned());
        let toml = format!(
            "name = {name:?}\ntick_ns = 1000000000\ndescription = {description:?}\nclock = \"each device's own, 16 to 800 us wrong\"\n"
        );
        let end_ns = start_ns + (sim.now() * 1e9) as i64;
        PlanRows::new(&sim.fabric, start_ns, Some(end_ns)).write(&self.dir)?;
        std::fs::write(self.dir.join("trace.toml"), toml)?;
        std::fs::write(self.dir.join("truth.csv"), truth_csv(&sim.truths, start_ns))?;
        Ok(())
    }
}

fn zstd_file(path: &Path) -> Result<Zstd> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(zstd::Encoder::new(BufWriter::new(file), 3)?)
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
        let name = &self.names[row.device][row.entity];
        for (column, value) in self.columns[row.layout].iter().zip(row.values) {
            match value {
                Value::Absent => continue,
                Value::Int(value) => writeln!(self.samples, "{},{name}{column}{value}", row.ts_ns)?,
                Value::Float(value) => writeln!(self.samples, "{},{name}{column}{value}", row.ts_ns)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, device: DeviceId, entity: usize, ts_ns: i64, up: bool) -> Result<()> {
        let (event, text) = if up { ("link_up", "carrier acquired") } else { ("link_down", "carrier lost") };
        Ok(writeln!(self.events, "{ts_ns},{},{event},{text}", self.names[device][entity])?)
    }

    fn mark(&mut self, device: DeviceId, job: &str, mark: &Mark, start_ns: i64, end_ns: i64) -> Result<()> {
        if let Some(steps) = &mut self.steps {
            let Mark { rank, step, phase, .. } = mark;
            writeln!(steps, "{job},{rank},{},{step},{phase},{start_ns},{end_ns}", self.devices[device])?;
        }
        Ok(())
    }

    fn flush(&mut self, _device: DeviceId, _ts_ns: i64) -> Result<()> {
        Ok(())
    }
}
