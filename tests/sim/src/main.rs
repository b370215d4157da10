//! `weft-sim`: traces of a simulated fabric, faster than real time.

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use weft_sim::sampler::{Sampler, SamplerOptions};
use weft_sim::script;
use weft_sim::sim::{Fabric, Sim};
use weft_sim::sink::TraceSink;

/// Traces begin on 2026-01-01, wherever and whenever they are made.
const EPOCH_NS: i64 = 1_767_225_600_000_000_000;

#[derive(Parser)]
#[command(name = "weft-sim", about = "A simulated fabric of GPUs with seeded jobs and faults")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a trace folder with its truth.
    Trace(TraceArgs),
}

#[derive(clap::Args)]
struct TraceArgs {
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length, such as 120s or 5m.
    #[arg(long, default_value = "120s", value_parser = seconds)]
    duration: f64,
    /// A multiple of 8, 64 or more.
    #[arg(long, default_value_t = 64)]
    gpus: usize,
    /// Faults to inject (docs/simulator.md); none without it.
    #[arg(long, value_name = "faults.csv")]
    script: Option<PathBuf>,
    /// Also read bytes, packets, backlog and pause at 10 Hz.
    #[arg(long, value_enum, default_value_t = OnOff::On)]
    fast: OnOff,
    /// Write the step marks of the training loops.
    #[arg(long)]
    marks: bool,
    /// Move each reading within its period, as collectors do; off reads at even distances.
    #[arg(long, value_enum, default_value_t = OnOff::On)]
    dither: OnOff,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnOff {
    On,
    Off,
}

fn main() -> std::process::ExitCode {
    let Command::Trace(args) = Cli::parse().command;
    match trace(&args) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weft-sim: {error:#}");
            std::process::ExitCode::from(2)
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    match number.parse::<f64>() {
        Ok(n) if n > 0.0 && n.is_finite() => Ok(n * unit),
        _ => Err(format!("{text:?} is no length of time; write 120s or 5m")),
    }
}

fn trace(args: &TraceArgs) -> Result<()> {
    let fabric = Fabric::new(args.gpus, args.seed).map_err(anyhow::Error::msg)?;
    let script = match &args.script {
        Some(path) => script::read(path, &fabric, args.seed)?,
        None => Vec::new(),
    };
    let mut sim = Sim::new(fabric, script);
    if sim.script_end() > args.duration {
        bail!("the script ends at {:.0} s; raise --duration {:.0}s", sim.script_end(), args.duration);
    }
    let [fast, dither] = [args.fast, args.dither].map(|is| is == OnOff::On);
    let options = SamplerOptions { start_ns: EPOCH_NS, fast, marks: args.marks, dither };
    let mut sink = TraceSink::create(&args.out, &sim.fabric, EPOCH_NS, None, args.marks)
        .with_context(|| format!("cannot begin the trace {}", args.out.display()))?;
    let mut sampler = Sampler::new(&sim.fabric, options, args.seed);
    while sim.now() < args.duration {
        sim.step();
        sampler.observe(&mut sim.fabric, &mut sink)?;
    }
    let description = format!("weft-sim, {} GPUs, seed {}, {} faults", args.gpus, args.seed, sim.truths.len());
    sink.finish(&sim, EPOCH_NS, &description)?;
    for truth in &sim.truths {
        let loss = truth.step_loss.map_or("unmeasured".to_owned(), |l| format!("{:.1} %", l * 100.0));
        println!("{} {} {}/{} lost {loss} of {}", truth.fault, truth.script_class, truth.device, truth.port, truth.job);
    }
    Ok(())
}
