//! Reads the counters of every fabric port at 10 Hz and writes them as a trace's `samples.csv`: what the detectors may see.

use crate::netlink::{Link, Netlink, Queue};
use crate::netns;
use crate::topology::{Kind, Topology};
use crate::worker::now_ns;
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const TICK: Duration = Duration::from_millis(100);
/// Slow counters are written every this many ticks.
const SLOW: u64 = 10;

pub struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<()>>,
}

impl Sampler {
    pub fn start(topology: &'static Topology, path: &Path) -> Result<Self> {
        let out = BufWriter::new(File::create(path).with_context(|| path.display().to_string())?);
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let thread = std::thread::Builder::new().name("sampler".into()).spawn(move || sample(topology, out, &seen))?;
        Ok(Self { stop, thread })
    }

    pub fn stop(self) -> Result<()> {
        self.stop.store(true, Relaxed);
        self.thread.join().map_err(|_| anyhow!("the sampler panicked"))?
    }
}

fn sample(topology: &Topology, mut out: BufWriter<File>, stop: &AtomicBool) -> Result<()> {
    let mut sockets = Vec::new();
    for node in &topology.nodes {
        netns::enter(&node.name)?;
        sockets.push((node, Netlink::open()?));
    }
    writeln!(out, "ts_ns,device,port,counter,value")?;
    let start = Instant::now();
    for tick in 0.. {
        if stop.load(Relaxed) {
            break;
        }
        for (node, netlink) in &mut sockets {
            let (ts_ns, links, queues) = (now_ns(), netlink.links()?, netlink.root_queues()?);
            for link in links.iter().filter(|l| topology.cable_at(&node.name, &l.name).is_some()) {
                let queue = queues.iter().find(|q| q.index == link.index);
                write_port(&mut out, ts_ns, &node.name, link, queue, tick % SLOW == 0)?;
            }
            if node.kind == Kind::Host && tick % SLOW == 0 {
                netns::enter(&node.name)?;
                if let Some(count) = tcp_retransmits() {
                    writeln!(out, "{ts_ns},{},,tcp_retransmits,{count}", node.name)?;
                }
            }
        }
        std::thread::sleep((TICK * (tick as u32 + 1)).saturating_sub(start.elapsed()));
    }
    Ok(out.flush()?)
}

fn write_port(
    out: &mut impl Write,
    ts_ns: i64,
    device: &str,
    link: &Link,
    queue: Option<&Queue>,
    slow: bool,
) -> Result<()> {
    let stats = &link.stats;
    let backlog = queue.map(|q| u64::from(q.backlog_bytes));
    let fast = [
        ("rx_bytes", Some(stats.rx_bytes)),
        ("tx_bytes", Some(stats.tx_bytes)),
        ("rx_packets", Some(stats.rx_packets)),
        ("tx_packets", Some(stats.tx_packets)),
        ("queue_bytes", backlog),
    ];
    let slow_ones = [
        ("rx_errors", Some(stats.rx_errors)),
        ("tx_errors", Some(stats.tx_errors)),
        ("rx_discards", Some(stats.rx_dropped)),
        ("tx_discards", queue.map(|q| u64::from(q.dropped_packets))),
        ("link_up", Some(u64::from(link.carrier))),
        ("link_down_events", Some(u64::from(link.carrier_down_count))),
        ("speed_bps", Some(10_000_000_000)),
    ];
    let rows = fast.iter().chain(slow_ones.iter().take_while(|_| slow));
    for (counter, value) in rows.filter_map(|(counter, value)| Some((counter, (*value)?))) {
        writeln!(out, "{ts_ns},{device},{},{counter},{value}", link.name)?;
    }
    Ok(())
}

/// Of the namespace the calling thread is in.
fn tcp_retransmits() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/net/snmp").ok()?;
    let mut tcp = text.lines().filter(|l| l.starts_with("Tcp:")).map(|l| l.split_whitespace());
    let (mut names, mut values) = (tcp.next()?, tcp.next()?);
    let column = names.position(|n| n == "RetransSegs")?;
    values.nth(column)?.parse().ok()
}
