//! `weft record`: what the collectors say, as a trace, until it is told to stop.
//!
//! It records closed ticks, as the analyzer judged them: a replay shows the engine the same rows, so it says the same.

mod recorder;
#[cfg(test)]
mod tests;

use recorder::Recorder;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
use weft_transport::{Incoming, Subscriber, SubscriberOptions, TransportUrl};

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
    Trace(#[from] weft_trace::TraceError),
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
    let plan = args.plan.as_deref().map(weft_trace::load_plan).transpose()?;
    let failed = |source| RecordError::Out { path: args.out.clone(), source };
    let mut recorder = Recorder::new(&args.out, args.lateness_s).map_err(failed)?;
    loop {
        let incoming = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            incoming = subscriber.next() => incoming,
        };
        match incoming {
            Ok(Incoming::Delivery(delivery)) => {
                recorder.take(&delivery.key, &delivery.payload).map_err(failed)?;
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
