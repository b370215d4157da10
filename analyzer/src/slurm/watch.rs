//! Asks Slurm again and again, and hands on what it says.

use super::answer::{Error, Jobs, Nodes, Reservations};
use super::ask::{Asker, Question};
use super::config::SlurmConfig;
use super::{jobs, maintenance};
use crate::clock::now_ns;
use crate::operations::{Announced, Book, JobsInForce, Source, Troubles, aside, guarded, old};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_wire::plan::PlanJob;

/// Asks for ever. Dropping it ends the asking.
pub async fn watch(config: SlurmConfig, in_force: JobsInForce, book: Arc<Book>) {
    let mut watcher = Watcher::new(config, in_force.clone(), book);
    guarded(Source::Slurm, async move { watcher.ask_for_ever().await }, in_force).await;
}

/// When each of the two last was told.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    jobs: Option<Instant>,
    maintenance: Option<Instant>,
}

pub struct Watcher {
    config: SlurmConfig,
    asker: Asker,
    in_force: JobsInForce,
    book: Arc<Book>,
    heard: Heard,
}

impl Watcher {
    pub fn new(config: SlurmConfig, in_force: JobsInForce, book: Arc<Book>) -> Watcher {
        Watcher { asker: Asker::new(config.clone()), config, in_force, book, heard: Heard::default() }
    }

    async fn ask_for_ever(&mut self) {
        let every = Duration::from_secs(self.config.every_s);
        let mut troubles = Troubles::new(Source::Slurm, self.in_force.clone());
        loop {
            let began = Instant::now();
            let trouble = self.round().await.err();
            if trouble.is_some() {
                metrics::counter!("weft_slurm_errors_total").increment(1);
            }
            troubles.say(trouble);
            if let Some(heard) = self.heard.jobs {
                metrics::gauge!("weft_slurm_age_seconds").set(heard.elapsed().as_secs_f64());
            }
            tokio::time::sleep(every.saturating_sub(began.elapsed())).await;
        }
    }

    /// One round of questions. Jobs and maintenance are handed on each by itself: a question that fails holds up no other's answer.
    pub async fn round(&mut self) -> Result<(), String> {
        let began = Instant::now();
        let jobs = told_jobs(&self.asker).await.map(|jobs| self.in_force.put(Source::Slurm, jobs));
        self.heard.jobs = if jobs.is_ok() { Some(began) } else { self.heard.jobs };
        let jobs = jobs.map_err(|failure| old(&failure, self.heard.jobs, "jobs"));
        if !self.config.maintenance {
            return jobs;
        }
        let maintenance = self.announce().await;
        self.heard.maintenance = if maintenance.is_ok() { Some(began) } else { self.heard.maintenance };
        let maintenance = maintenance.map_err(|failure| old(&failure, self.heard.maintenance, "maintenance"));
        match (jobs, maintenance) {
            (Err(jobs), Err(maintenance)) => Err(format!("{jobs}; {maintenance}")),
            (jobs, maintenance) => jobs.and(maintenance),
        }
    }

    async fn announce(&self) -> Result<(), String> {
        let (announced, book) = (told_maintenance(&self.asker).await?, self.book.clone());
        let replace = move || book.replace(maintenance::SOURCE, announced, now_ns()).map_err(|error| error.to_string());
        aside(replace).await
    }
}

pub async fn told_jobs(asker: &Asker) -> Result<Vec<PlanJob>, String> {
    let answer = asker.ask(Question::Jobs).await?;
    let rows = move || {
        let answer: Jobs = read(&answer, Question::Jobs)?;
        check(&answer.errors, answer.jobs.is_empty())?;
        jobs::rows(&answer.jobs).map_err(|error| error.to_string())
    };
    aside(rows).await
}

pub async fn told_maintenance(asker: &Asker) -> Result<Vec<Announced>, String> {
    let nodes = asker.ask(Question::Nodes).await?;
    let reservations = asker.ask(Question::Reservations).await?;
    let announced = move || {
        let nodes: Nodes = read(&nodes, Question::Nodes)?;
        check(&nodes.errors, nodes.nodes.is_empty())?;
        let reservations: Reservations = read(&reservations, Question::Reservations)?;
        check(&reservations.errors, reservations.reservations.is_empty())?;
        maintenance::announced(&nodes.nodes, &reservations.reservations, now_ns())
            .map_err(|error| format!("nodes of a reservation: {error}"))
    };
    aside(announced).await
}

fn read<T: DeserializeOwned>(answer: &[u8], question: Question) -> Result<T, String> {
    serde_json::from_slice(answer).map_err(|error| {
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
