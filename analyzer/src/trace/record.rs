//! `weft record`: what the collectors say, as a trace, until it is told to stop.
//!
//! It records closed ticks, as the analyzer judged them: a replay shows the engine the same rows, so it says the same.

use super::manifest::{MIN_TICK_NS, Manifest};
use super::write::TraceWriter;
use crate::ingest::{Ingest, IngestConfig, IngestEvent};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
use weft_transport::{Incoming, Subscriber, SubscriberOptions, TransportUrl};
use weft_wire::Table;
use weft_wire::plan::{Plan, PlanDevice, PlanPort};

const EXAMPLES: &str = "\
Examples:
  weft record --transport kafka://k1:9092,k2:9092 --plan plan/ --out trace/
  weft record --transport direct://0.0.0.0:4180 --out trace/     collectors send here instead";

/// Record what collectors publish as a trace, until SIGINT or SIGTERM.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RecordArgs {
    /// Folder of the trace to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Where frames are published: `kafka://H:P`, or `direct://H:P` to listen there.
    #[arg(long)]
    pub transport: TransportUrl,
    /// The consumer group; every recording needs its own.
    #[arg(long, default_value_t = format!("weft-record-{}", std::process::id()))]
    pub group: String,
    /// Put before every topic's name.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// Folder of devices.csv, ports.csv, cables.csv, jobs.csv; without it, what collectors describe.
    #[arg(long)]
    pub plan: Option<PathBuf>,
    /// Name of the trace.
    #[arg(long, default_value = "recording")]
    pub name: String,
    #[arg(long, default_value_t = 2.0)]
    pub lateness_s: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{0}")]
    Trace(#[from] super::TraceError),
    #[error("{path}: {source}; check that it can be written", path = path.display())]
    Out { path: PathBuf, source: std::io::Error },
    #[error("transport: {0}")]
    Transport(#[from] weft_transport::TransportError),
}

/// The subcommand: stops cleanly on SIGINT and SIGTERM; 0 well, 2 failed.
pub async fn run(args: RecordArgs) -> ExitCode {
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tokio::spawn(async move {
        stop_signal().await;
        signals.cancel();
    });
    match record(&args, stop).await {
        Ok(rows) => {
            println!("{}", serde_json::json!({"recorded": args.out, "samples": rows}));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
        }
        Err(_) => drop(interrupted.await),
    }
}

/// Records until `stop`; returns how many samples.
pub async fn record(args: &RecordArgs, stop: CancellationToken) -> Result<u64, RecordError> {
    let mut options =
        SubscriberOptions { group: args.group.clone(), client_id: "weft-record".into(), ..Default::default() };
    options.topics.prefix.clone_from(&args.prefix);
    let subscriber = weft_transport::subscriber(&args.transport, &options).await?;
    record_from(subscriber, args, stop).await
}

/// The same from any subscriber.
pub async fn record_from(
    mut subscriber: Box<dyn Subscriber>,
    args: &RecordArgs,
    stop: CancellationToken,
) -> Result<u64, RecordError> {
    let plan = args.plan.as_deref().map(super::plan::load_plan).transpose()?;
    let failed = |source| RecordError::Out { path: args.out.clone(), source };
    let mut recorder = Recorder::new(args).map_err(failed)?;
    loop {
        let incoming = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            incoming = subscriber.next() => incoming,
        };
        match incoming {
            Ok(Incoming::Delivery(delivery)) => {
                let events = recorder.ingest.push(&delivery.key, &delivery.payload);
                recorder.write(events).map_err(failed)?;
                if delivery.partition != weft_transport::UNCOMMITTED {
                    subscriber.commit(delivery.partition, delivery.offset + 1).await?;
                }
            }
            Ok(Incoming::Assigned(_) | Incoming::Revoked(_)) => {}
            Err(weft_transport::TransportError::Closed) => break,
            Err(error) if error.is_retryable() => tracing::warn!(%error, "the transport failed; going on"),
            Err(error) => return Err(error.into()),
        }
    }
    recorder.finish(plan, &args.name).map_err(failed)
}

struct Recorder {
    ingest: Ingest,
    writer: TraceWriter,
}

impl Recorder {
    fn new(args: &RecordArgs) -> std::io::Result<Recorder> {
        let lateness_ns = (args.lateness_s.max(0.0) * 1e9) as i64;
        let config = IngestConfig { tick_ns: MIN_TICK_NS, lateness_ns, ..Default::default() };
        Ok(Recorder { ingest: Ingest::new(config), writer: TraceWriter::create(&args.out)? })
    }

    fn write(&mut self, events: Vec<IngestEvent>) -> std::io::Result<()> {
        for event in events {
            if let IngestEvent::Tick(tick) = event {
                self.writer.add_tick(&tick, self.ingest.entities())?;
            }
        }
        Ok(())
    }

    fn finish(mut self, plan: Option<Plan>, name: &str) -> std::io::Result<u64> {
        let events = self.ingest.finish();
        self.write(events)?;
        let rows = self.writer.rows();
        let plan = plan.unwrap_or_else(|| described(&self.ingest));
        let manifest = Manifest {
            name: name.to_owned(),
            tick_ns: MIN_TICK_NS,
            description: "recorded by weft".to_owned(),
            clock: "realtime".to_owned(),
        };
        self.writer.finish(&manifest, &plan, Some(self.ingest.entities()))?;
        Ok(rows)
    }
}

/// The devices and ports that collectors describe, as a plan without cables and jobs.
fn described(ingest: &Ingest) -> Plan {
    let mut plan = Plan::default();
    let mut seen = std::collections::BTreeSet::new();
    for entity in ingest.entities().iter() {
        if seen.insert(entity.device.clone()) {
            let is_switch = entity.table == Table::SwitchPort;
            let kind = if is_switch { "switch" } else { "node" }.to_owned();
            plan.devices.push(PlanDevice { device: entity.device.to_string(), kind, ..Default::default() });
        }
        if matches!(entity.table, Table::Nic | Table::SwitchPort | Table::Gpu | Table::GpuLink | Table::Host) {
            plan.ports.push(PlanPort {
                device: entity.device.to_string(),
                port: entity.port.to_string(),
                table: entity.table.name().to_owned(),
                speed_bps: entity.speed_bps,
                ..Default::default()
            });
        }
    }
    plan
}
