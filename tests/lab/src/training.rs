//! The job: one worker a host, in the ring's order, and their step logs.

use crate::cgroup::Cgroups;
use crate::process::{Spawn, tail};
use crate::topology::Topology;
use crate::worker::{self, Step};
use anyhow::{Context, Result, anyhow, bail};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

pub const JOB: &str = "train";
const PORT: u16 = 5000;
const CHANNELS: u16 = 4;
/// Share of a core that a host's worker and collector may use together.
pub const HOST_CORES: f64 = 0.6;

pub struct Training {
    workers: Vec<Worker>,
}

struct Worker {
    host: String,
    child: Child,
    log: PathBuf,
    output: PathBuf,
}

impl Training {
    /// `marks`: gives the socket of a host's collector, when the workers are to tell weft their steps.
    pub fn start(
        topology: &Topology,
        cgroups: Option<&Cgroups>,
        workdir: &Path,
        seed: u64,
        marks: Option<&dyn Fn(&str) -> PathBuf>,
    ) -> Result<Self> {
        let ring: Vec<(&str, Ipv4Addr)> = topology
            .ring()
            .into_iter()
            .map(|n| Ok((n.name.as_str(), topology.host_addr(&n.name).context("a host has an address")?)))
            .collect::<Result<_>>()?;
        let program = std::env::current_exe()?;
        let mut workers = Vec::new();
        for (rank, (host, addr)) in ring.iter().enumerate() {
            let next = ring[(rank + 1) % ring.len()].1;
            let (log, output) = (workdir.join(format!("steps-{host}.csv")), workdir.join(format!("worker-{host}.log")));
            let mut args = worker_args(rank, ring.len(), *addr, next, seed);
            args.extend(["--log".into(), log.display().to_string()]);
            args.extend(["--checkpoints".into(), workdir.join("checkpoints").display().to_string()]);
            if let Some(marks) = marks {
                args.extend(["--marks".into(), marks(host).display().to_string()]);
            }
            let group = cgroups.map(|c| c.group(host, HOST_CORES)).transpose()?;
            let child = Spawn { netns: host, group, log: &output, program: &program }.start(&args, &[])?;
            workers.push(Worker { host: (*host).to_owned(), child, log, output });
        }
        Ok(Self { workers })
    }

    /// Waits for the first `steps` steps of every rank.
    pub fn wait_for_steps(&mut self, steps: usize, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while self.workers.iter().any(|w| worker::read_steplog(&w.log).map_or(0, |s| s.len()) < steps) {
            self.check()?;
            if Instant::now() > deadline {
                bail!("the training job did not make {steps} steps in {limit:?}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// An error when a worker has ended.
    pub fn check(&mut self) -> Result<()> {
        for worker in &mut self.workers {
            if let Some(status) = worker.child.try_wait()? {
                bail!("the worker on {} ended ({status}):\n{}", worker.host, tail(&worker.output, 5));
            }
        }
        Ok(())
    }

    /// All ranks end their steps together, so rank 0's log tells the job's pace.
    pub fn steps(&self) -> Result<Vec<Step>> {
        worker::read_steplog(&self.workers[0].log)
    }

    /// The log of every rank: (rank, host, steps).
    pub fn all_steps(&self) -> Result<Vec<(usize, String, Vec<Step>)>> {
        self.workers
            .iter()
            .enumerate()
            .map(|(rank, w)| Ok((rank, w.host.clone(), worker::read_steplog(&w.log)?)))
            .collect()
    }

    /// Factor on the compute phase of one host.
    pub fn slow(&mut self, host: &str, factor: f64) -> Result<()> {
        let worker = self.workers.iter_mut().find(|w| w.host == host).ok_or_else(|| anyhow!("no worker on {host}"))?;
        tell(worker, &format!("slow {factor}"))
    }

    pub fn checkpoint(&mut self) -> Result<()> {
        tell(&mut self.workers[0], "checkpoint")
    }

    pub fn stop(&mut self) {
        for worker in &mut self.workers {
            drop(worker.child.stdin.take());
        }
        for worker in &mut self.workers {
            let _ = worker.child.kill();
            let _ = worker.child.wait();
        }
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        self.stop();
    }
}

fn tell(worker: &mut Worker, line: &str) -> Result<()> {
    let stdin = worker.child.stdin.as_mut().context("the worker's stdin is piped")?;
    writeln!(stdin, "{line}").with_context(|| format!("the worker on {} does not listen", worker.host))
}

fn worker_args(rank: usize, world: usize, addr: Ipv4Addr, next: Ipv4Addr, seed: u64) -> Vec<String> {
    // The seed draws the source ports, and with them each flow's spine.
    let source = 20_000 + (seed.wrapping_mul(7919).wrapping_add(rank as u64 * 613) % 20_000) as u16;
    let pairs = [
        ("--job", JOB.to_owned()),
        ("--rank", rank.to_string()),
        ("--world", world.to_string()),
        ("--listen", format!("{addr}:{PORT}")),
        ("--next", format!("{next}:{PORT}")),
        ("--channels", CHANNELS.to_string()),
        ("--source-port", source.to_string()),
    ];
    ["worker".to_owned()]
        .into_iter()
        .chain(pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]))
        .collect()
}
