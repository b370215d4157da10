//! `weft-lab trace`: for those who write detectors. The fabric and the job alone, one fault, every port's counters at 10 Hz
//! as a trace folder with its truth; no broker, no weft.

use crate::faults::{Fault, Place};
use crate::lab::Lab;
use crate::random::Random;
use crate::sampler::{Sampler, TICK};
use crate::sandbox::Inside;
use crate::traffic::Traffic;
use crate::training::{JOB, Training};
use crate::worker::now_ns;
use crate::{ending, judge, panel, plan};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(clap::Args, Clone, Debug)]
pub struct TraceArgs {
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// A fault's class, or `none` for a healthy run with a checkpoint.
    #[arg(long, default_value = "none")]
    fault: String,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead of a place drawn by the seed: `device/port`, or `device`.
    #[arg(long)]
    at: Option<String>,
    /// Seconds healthy before, with the fault, and after it.
    #[arg(long, value_delimiter = ',', default_value = "30,20,20")]
    seconds: Vec<u64>,
}

pub fn main(inside: Inside, args: &TraceArgs) -> Result<()> {
    ending::follow(Duration::ZERO);
    let mut lab = Lab::build(inside)?;
    let mut training = Training::start(lab.topology, lab.cgroups.as_ref(), &lab.workdir, args.seed, None)?;
    training.wait_for_steps(4, Duration::from_secs(60))?;
    lab.training = Some(training);
    plan::write(lab.topology, &args.out)?;
    let sampler = Sampler::start(lab.topology, &args.out.join("samples.csv"))?;
    let [before, during, after] = [0, 1, 2].map(|i| Duration::from_secs(*args.seconds.get(i).unwrap_or(&20)));
    let begun_ns = now_ns();
    std::thread::sleep(before);
    let truth = match args.fault.as_str() {
        "none" => {
            lab.training.as_mut().context("the job runs")?.checkpoint()?;
            std::thread::sleep(during);
            None
        }
        class => Some(inject(&mut lab, class, args, during)?),
    };
    std::thread::sleep(after);
    sampler.stop()?;
    write_steps(&lab, &args.out)?;
    write_truth(&lab, &args.out, begun_ns, truth.as_ref())?;
    let toml = format!(
        "name = \"lab-{}-{}\"\ntick_ns = {}\ndescription = \"lab: {}\"\nclock = \"synchronised\"\n",
        args.fault,
        args.seed,
        TICK.as_nanos(),
        args.fault
    );
    Ok(std::fs::write(args.out.join("trace.toml"), toml)?)
}

struct Truth {
    class: &'static str,
    place: Place,
    start_ns: i64,
    end_ns: i64,
    note: String,
}

fn inject(lab: &mut Lab, class: &str, args: &TraceArgs, during: Duration) -> Result<Truth> {
    let fault = Fault::of(class)?;
    let place = match &args.at {
        Some(at) => {
            let (device, port) = at.split_once('/').unwrap_or((at, ""));
            Place { device: device.to_owned(), port: port.to_owned() }
        }
        None => {
            let traffic = Traffic::measure(lab.topology, Duration::from_secs(4))?;
            let source = if class == "link_flap" { Fault::of("link_down")? } else { fault };
            Random::new(args.seed).pick(&(source.places)(lab, &traffic)).cloned().context("no place would cost 5 %")?
        }
    };
    let start_ns = now_ns();
    (fault.inject)(lab, &place, fault.strength)?;
    std::thread::sleep(if fault.lasts < during { fault.lasts } else { during });
    let cable = lab.topology.cable_at(&place.device, &place.port).map(|i| &lab.topology.cables[i]);
    let dropped = cable.map_or(Ok([0; 2]), panel::dropped)?;
    (fault.heal)(lab, &place)?;
    Ok(Truth { class: fault.class, place, start_ns, end_ns: now_ns(), note: format!("panel dropped {dropped:?}") })
}

fn write_truth(lab: &Lab, out: &Path, begun_ns: i64, truth: Option<&Truth>) -> Result<()> {
    let mut text = String::from("fault,class,device,port,start_ns,end_ns,step_loss,note\n");
    let steps = lab.training.as_ref().context("the job runs")?.steps()?;
    if let Some(t) = truth {
        let loss = judge::lost(&steps, (begun_ns, t.start_ns), (t.start_ns, t.end_ns));
        let loss = loss.map(|l| format!("{l:.4}")).unwrap_or_default();
        text += &format!(
            "1,{},{},{},{},{},{loss},\"{}\"\n",
            t.class, t.place.device, t.place.port, t.start_ns, t.end_ns, t.note
        );
        println!("{} at {}: step loss {loss}, {}", t.class, t.place, t.note);
    }
    Ok(std::fs::write(out.join("truth.csv"), text)?)
}

fn write_steps(lab: &Lab, out: &Path) -> Result<()> {
    let mut text = String::from("job,rank,device,step,phase,start_ns,end_ns\n");
    for (rank, host, steps) in lab.training.as_ref().context("the job runs")?.all_steps()? {
        for s in steps {
            let mut row =
                |phase: &str, from, to| text += &format!("{JOB},{rank},{host},{},{phase},{from},{to}\n", s.step);
            if s.kind == "train" {
                row("compute", s.start_ns, s.computed_ns);
                row("communicate", s.computed_ns, s.end_ns);
            } else {
                row("io", s.start_ns, s.end_ns);
            }
        }
    }
    Ok(std::fs::write(out.join("steps.csv"), text)?)
}
