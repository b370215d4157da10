//! What all schedulers that are asked have in common: a failure is said and ends no job, and a fault of weft's own is said too.

use super::jobs::{JobsInForce, Source};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, spawn_blocking};

/// What is said of a failure that lasts is said again after so long.
const SAID_AGAIN: Duration = Duration::from_secs(300);

/// Runs until the asking ends, which it does only by a fault of weft's own. Such a fault ends nothing else: that jobs are no longer
/// known is said where operators look. Dropping the future ends the asking.
pub async fn guarded(source: Source, asking: impl Future<Output = ()> + Send + 'static, in_force: JobsInForce) {
    let mut tasks = JoinSet::new();
    tasks.spawn(asking);
    if let Some(Err(error)) = tasks.join_next().await {
        let title = source.title();
        let trouble =
            format!("{title} is no longer asked, by a fault of weft: please report it, and restart the analyzer");
        tracing::error!(%error, "{trouble}");
        in_force.trouble(source, Some(trouble));
    }
}

/// Says what is wrong with a scheduler: to `weft doctor` and the page at once, to the log when it begins and every five minutes.
#[derive(Debug)]
pub struct Troubles {
    source: Source,
    in_force: JobsInForce,
    said: Option<Instant>,
}

impl Troubles {
    pub fn new(source: Source, in_force: JobsInForce) -> Troubles {
        Troubles { source, in_force, said: None }
    }

    /// `None`: nothing is wrong (any more).
    pub fn say(&mut self, trouble: Option<String>) {
        match &trouble {
            None => self.said = None,
            Some(trouble) => {
                if self.said.is_none_or(|said| said.elapsed() > SAID_AGAIN) {
                    tracing::error!("{}: {trouble}", self.source.name());
                    self.said = Some(Instant::now());
                }
            }
        }
        self.in_force.trouble(self.source, trouble);
    }
}

/// The failure, and how old what is known now is. `heard`: when the scheduler last told of `what`.
pub fn old(failure: &str, heard: Option<Instant>, what: &str) -> String {
    match heard {
        None => format!("{failure}; nothing is known of {what} from it yet"),
        Some(heard) => {
            format!("{failure}; what it said of {what} {} s ago stays in force", heard.elapsed().as_secs())
        }
    }
}

/// Answers of 60 MB and a write to the disk take long: they hold up none of the threads that serve requests.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let failed = |error| Err(format!("its answer could not be worked through ({error}): please report it"));
    spawn_blocking(work).await.unwrap_or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fault_that_ends_the_asking_is_said() {
        let in_force = JobsInForce::default();
        guarded(Source::Slurm, async { panic!("on purpose") }, in_force.clone()).await;
        assert!(in_force.troubles()[0].starts_with("slurm: Slurm is no longer asked"), "{:?}", in_force.troubles());
        in_force.trouble(Source::Slurm, None);
        guarded(Source::Slurm, async {}, in_force.clone()).await;
        assert!(in_force.troubles().is_empty());
    }
}
