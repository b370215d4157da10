//! The training worker: one rank of a synchronous job. Compute, then a ring all-reduce of real bytes; again.
//!
//! It knows nothing of weft but the step marks' socket, and only when told to use it.

mod checkpoint;
mod compute;
mod control;
mod marks;
mod ring;
mod steplog;

pub use steplog::{Step, read as read_steplog};

use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(clap::Args, Clone, Debug)]
pub struct WorkerArgs {
    #[arg(long, default_value = "train")]
    pub job: String,
    #[arg(long)]
    pub rank: usize,
    #[arg(long)]
    pub world: usize,
    /// Where the previous rank of the ring connects to.
    #[arg(long)]
    pub listen: SocketAddr,
    /// The next rank of the ring.
    #[arg(long)]
    pub next: SocketAddr,
    #[arg(long, default_value_t = 4)]
    pub channels: usize,
    /// First source port; channel c uses the c-th. With the 5-tuple hash it draws the spine.
    #[arg(long, default_value_t = 40_000)]
    pub source_port: u16,
    /// Size of the reduced buffer, all channels together.
    #[arg(long, default_value_t = 2_560_000)]
    pub bytes: usize,
    /// Length of the compute phase when healthy.
    #[arg(long, default_value_t = 400)]
    pub compute_ms: u64,
    /// Part of the compute phase that burns CPU.
    #[arg(long, default_value_t = 15)]
    pub cpu_ms: u64,
    /// The judge's step log (CSV).
    #[arg(long)]
    pub log: PathBuf,
    /// Step marks for weft: the collector's Unix socket.
    #[arg(long)]
    pub marks: Option<PathBuf>,
    /// Folder for checkpoints.
    #[arg(long)]
    pub checkpoints: PathBuf,
}

pub fn main(args: &WorkerArgs) -> Result<()> {
    ensure!(args.rank < args.world, "--rank {} must be below --world {}", args.rank, args.world);
    let mut log = steplog::StepLog::create(&args.log)?;
    let mut marks = marks::Marks::new(args.job.clone(), args.rank, args.marks.clone());
    let mut channels = ring::Channels::connect(args)?;
    let control = control::Control::from_stdin();
    let turn = args.rank as f64 / args.world as f64;
    for step in 0.. {
        let start_ns = now_ns();
        compute::run(args.compute_ms, args.cpu_ms, control.slowdown(), turn)?;
        let computed_ns = now_ns();
        marks.send(step, "compute", start_ns, computed_ns);
        let wanted = channels.all_reduce(control.take_checkpoint()).with_context(|| format!("step {step}"))?;
        let end_ns = now_ns();
        marks.send(step, "communicate", computed_ns, end_ns);
        log.write(&Step { step, kind: "train".into(), start_ns, computed_ns, end_ns })?;
        if wanted {
            checkpoint::write(&args.checkpoints, args.rank)?;
            marks.send(step, "io", end_ns, now_ns());
            log.write(&Step {
                step,
                kind: "checkpoint".into(),
                start_ns: end_ns,
                computed_ns: end_ns,
                end_ns: now_ns(),
            })?;
        }
    }
    Ok(())
}

pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}
