//! Two collectors on one machine read one counter that rises steadily: how far apart what they read at the same tick lies.
//!
//! ```text
//! network namespace     w0 ═══ w1        2,000 packets a second leave w0, each half a millisecond one
//! collector a           reads w0: 41.20 MB at 0.371 002 s      │ of one tick: 0.02 ms apart by their stamps,
//! collector b           reads w0: 41.20 MB at 0.371 022 s      │ and as many ms apart in the bytes as w0 takes to send those
//! ```
//! The bytes are the proof: stamps that agree could both be wrong.

use anyhow::{Context, Result, ensure};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use weft_collector::{Agent, CollectorConfig, InterfaceFilter, Rates, StepConfig};
use weft_transport::{Incoming, Subscriber, Topic, in_process};
use weft_wire::{Frame, Inventory, SchemaCache, Section, Table, instants};

const PORT: &str = "w0";
const NS_PER_MS: i64 = 1_000_000;
/// A packet each half a millisecond, of which what is late is made up for: the counter is then steady to within half a millisecond.
const PACKET_EVERY: Duration = Duration::from_micros(500);
const PACKET: [u8; 1_400] = [0; 1_400];

/// What two collectors have read at the same ticks.
#[derive(Clone, Debug)]
pub struct Apart {
    /// Ticks that both have read.
    pub ticks: usize,
    /// How far apart the bytes were that both read at one tick, in the time that the port takes to send them, ms.
    pub bytes_ms: Quantiles,
    /// How far apart their stamps were, ms.
    pub stamps_ms: Quantiles,
    /// How long after the instant at which both were due the stamps were, ms.
    pub late_ms: Quantiles,
    /// How early the earliest stamp was before that instant, ms: less than 0 where none was early.
    pub earliest_ms: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Quantiles {
    pub median: f64,
    pub p99: f64,
}

impl Quantiles {
    fn of(mut values: Vec<f64>) -> Quantiles {
        values.sort_by(f64::total_cmp);
        let at =
            |part: f64| values.get(((values.len() as f64 - 1.0) * part).round() as usize).copied().unwrap_or(f64::NAN);
        Quantiles { median: at(0.5), p99: at(0.99) }
    }
}

/// A command that runs this very program in a network namespace of its own, which needs root and util-linux.
pub fn in_namespace() -> Result<Command> {
    let mut command = Command::new("unshare");
    command.args(["--net", "--kill-child", "--fork", "--"]).arg(std::env::current_exe()?);
    Ok(command)
}

/// Measures for so long. To be called in a network namespace of its own.
pub async fn measure(rates: Rates, length: Duration) -> Result<Apart> {
    let traffic = Traffic::begin()?;
    let collectors = ["a", "b"].map(|id| read_for(id, rates, length));
    let [a, b] = collectors;
    let (a, b) = tokio::join!(a, b);
    traffic.end();
    let tick_ms = if rates.fast_ms == 0 { rates.normal_ms } else { rates.fast_ms };
    compare(&a?, &b?, i64::from(tick_ms) * NS_PER_MS)
}

/// By tick: when the port was read, ns, and its bytes sent.
type Readings = BTreeMap<i64, (i64, i64)>;

fn compare(a: &Readings, b: &Readings, tick_ns: i64) -> Result<Apart> {
    let both: Vec<[(i64, i64); 2]> = a.iter().filter_map(|(tick, a)| Some([*a, *b.get(tick)?])).collect();
    let ([first, _], [last, _]) = both.first().zip(both.last()).context("no tick was read by both")?;
    ensure!(last.1 > first.1, "the counter does not rise: {first:?} {last:?}");
    let bytes_a_ms = (last.1 - first.1) as f64 / ms(last.0 - first.0);
    let late = |(ts_ns, _): (i64, i64)| ms(ts_ns - instants::reading_ns(ts_ns.div_euclid(tick_ns), tick_ns));
    let late: Vec<f64> = both.iter().flatten().map(|&reading| late(reading)).collect();
    Ok(Apart {
        ticks: both.len(),
        bytes_ms: Quantiles::of(both.iter().map(|[a, b]| (a.1 - b.1).abs() as f64 / bytes_a_ms).collect()),
        stamps_ms: Quantiles::of(both.iter().map(|[a, b]| ms((a.0 - b.0).abs())).collect()),
        earliest_ms: late.iter().map(|late| -late).fold(f64::NEG_INFINITY, f64::max),
        late_ms: Quantiles::of(late),
    })
}

fn ms(ns: i64) -> f64 {
    ns as f64 / NS_PER_MS as f64
}

/// What a collector of this name has read of the port in so long.
async fn read_for(id: &str, rates: Rates, length: Duration) -> Result<Readings> {
    let config = CollectorConfig {
        id: id.to_owned(),
        rates,
        interfaces: InterfaceFilter { include: vec![PORT.to_owned()], ..InterfaceFilter::default() },
        step: StepConfig { socket: "".into(), ..StepConfig::default() },
        ..CollectorConfig::default()
    };
    let (publisher, mut subscriber) = in_process(1024);
    let agent = Agent::start(&config, publisher)?;
    let tick_ms = if rates.fast_ms == 0 { rates.normal_ms } else { rates.fast_ms };
    let mut heard = Heard { tick_ns: i64::from(tick_ms) * NS_PER_MS, ..Heard::default() };
    // It is heard to its end: what nobody takes it would wait for.
    let end = async {
        tokio::time::sleep(length).await;
        agent.stop().await;
    };
    tokio::select! {
        failed = heard.listen(&mut *subscriber) => failed?,
        () = end => {}
    }
    Ok(heard.readings)
}

#[derive(Default)]
struct Heard {
    schemas: SchemaCache,
    inventory: Option<Inventory>,
    tick_ns: i64,
    readings: Readings,
}

impl Heard {
    async fn listen(&mut self, subscriber: &mut dyn Subscriber) -> Result<()> {
        loop {
            let Incoming::Delivery(delivery) = subscriber.next().await? else { continue };
            subscriber.commit(delivery.partition, delivery.offset + 1).await?;
            if delivery.topic == Topic::Frames {
                let frame = Frame::decode(&delivery.payload, &mut self.schemas)?;
                self.inventory = frame.inventory.or(self.inventory.take());
                frame.sections.iter().for_each(|section| self.take(section));
            }
        }
    }

    fn take(&mut self, section: &Section) {
        let Some(bytes) = section.schema.column("tx_bytes").filter(|_| section.schema.table == Table::Nic) else {
            return;
        };
        let port = self.inventory.iter().flat_map(|known| &known.ports).find(|port| port.port == PORT);
        let Some(index) = port.map(|port| port.index) else { return };
        let ports = section.batch.column(0).as_primitive::<Int32Type>();
        let [stamps, bytes] = [1, bytes].map(|column| section.batch.column(column).as_primitive::<Int64Type>());
        for row in (0..section.batch.num_rows()).filter(|&row| ports.value(row) == index) {
            let ts_ns = stamps.value(row);
            self.readings.insert(ts_ns.div_euclid(self.tick_ns), (ts_ns, bytes.value(row)));
        }
    }
}

/// A thread that sends steadily out of the port until it is told to end.
struct Traffic {
    is_over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Traffic {
    fn begin() -> Result<Traffic> {
        for words in [
            "link add w0 type veth peer name w1",
            "link set w0 up",
            "link set w1 up",
            "addr add 192.0.2.1/24 dev w0",
            "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev w0 nud permanent",
        ] {
            // Of a second measurement in one namespace they are there already.
            let told = Command::new("ip").args(words.split(' ')).output().context("iproute2 is needed")?;
            let why = String::from_utf8_lossy(&told.stderr).into_owned();
            ensure!(told.status.success() || why.contains("exists") || why.contains("already"), "ip {words}: {why}");
        }
        let socket = UdpSocket::bind("192.0.2.1:0")?;
        socket.connect("192.0.2.2:9")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let thread = std::thread::spawn(move || {
            let (start, mut sent) = (Instant::now(), 0);
            while !over.load(Ordering::Relaxed) {
                let due = start.elapsed().as_micros() / PACKET_EVERY.as_micros();
                while sent < due {
                    // What the kernel has no room for is not sent, and not counted.
                    _ = socket.send(&PACKET);
                    sent += 1;
                }
                std::thread::sleep(PACKET_EVERY);
            }
        });
        Ok(Traffic { is_over, thread })
    }

    fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        _ = self.thread.join();
    }
}
