//! Asks Slurm again and again, and hands on what it says.

use super::answer::{Error, Jobs, Nodes, Reservations};
use super::ask::{Asker, Question};
use super::config::SlurmConfig;
use super::{jobs, maintenance};
use crate::operations::{Announced, Book, JobsInForce, Source};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use weft_wire::plan::PlanJob;

/// What is said of a failure that lasts is said again after so long.
const SAID_AGAIN: Duration = Duration::from_secs(300);

/// What one round of questions told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub jobs: Vec<PlanJob>,
    /// `None` where it is not asked for.
    pub announced: Option<Vec<Announced>>,
}

/// Asks for ever.
pub async fn watch(config: SlurmConfig, in_force: JobsInForce, book: Arc<Book>) {
    let every = Duration::from_secs(config.every_s);
    let asker = Asker::new(config.clone());
    let (mut heard, mut said): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        let began = Instant::now();
        let told = round(&asker, config.maintenance).await.and_then(|told| hand_on(told, &in_force, &book));
        match told {
            Ok(()) => {
                heard = Some(began);
                said = None;
                in_force.trouble(Source::Slurm, None);
            }
            Err(failure) => {
                metrics::counter!("weft_slurm_errors_total").increment(1);
                let old = heard.map_or_else(
                    || "no jobs are known from it yet".to_owned(),
                    |heard| format!("what it said {} s ago stays in force", heard.elapsed().as_secs()),
                );
                let trouble = format!("{failure}; {old}");
                if said.is_none_or(|said: Instant| said.elapsed() > SAID_AGAIN) {
                    tracing::error!("slurm: {trouble}");
                    said = Some(Instant::now());
                }
                in_force.trouble(Source::Slurm, Some(trouble));
            }
        }
        if let Some(heard) = heard {
            metrics::gauge!("weft_slurm_age_seconds").set(heard.elapsed().as_secs_f64());
        }
        tokio::time::sleep(every.saturating_sub(began.elapsed())).await;
    }
}

fn hand_on(told: Told, in_force: &JobsInForce, book: &Book) -> Result<(), String> {
    in_force.put(Source::Slurm, told.jobs);
    match told.announced {
        Some(announced) => book.replace(maintenance::SOURCE, announced, now_ns()).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

pub async fn round(asker: &Asker, asks_for_maintenance: bool) -> Result<Told, String> {
    let answer: Jobs = read(asker, Question::Jobs).await?;
    check(&answer.errors, answer.jobs.is_empty())?;
    let jobs = jobs::rows(&answer.jobs).map_err(|error| error.to_string())?;
    if !asks_for_maintenance {
        return Ok(Told { jobs, announced: None });
    }
    let nodes: Nodes = read(asker, Question::Nodes).await?;
    check(&nodes.errors, nodes.nodes.is_empty())?;
    let reservations: Reservations = read(asker, Question::Reservations).await?;
    check(&reservations.errors, reservations.reservations.is_empty())?;
    let announced = maintenance::announced(&nodes.nodes, &reservations.reservations, now_ns());
    Ok(Told { jobs, announced: Some(announced.map_err(|error| format!("nodes of a reservation: {error}"))?) })
}

async fn read<T: DeserializeOwned>(asker: &Asker, question: Question) -> Result<T, String> {
    let answer = asker.ask(question).await?;
    serde_json::from_slice(&answer).map_err(|error| {
        format!("its answer about {question:?} cannot be read ({error}): weft reads data_parser v0.0.37 to v0.0.44")
    })
}

/// An answer that holds nothing but errors says nothing: no job has ended by it.
fn check(errors: &[Error], is_empty: bool) -> Result<(), String> {
    match errors.first().filter(|_| is_empty) {
        Some(Error { error, description }) => Err(format!("it answers: {error} {description}")),
        None => Ok(()),
    }
}

fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i64)
}
