//! Threads for queries alone: a heavy query holds up no other request, and a query that fails takes nothing with it.

use super::query::SqlError;
use std::any::Any;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// Of each thread that plans or runs queries. Only what is used of it takes memory. The deepest query that the bounds
/// let through uses less than half of it, without optimisation too: `tests/e2e/hostile_sql` measures it.
pub const STACK_BYTES: usize = 100 << 20;
/// Queries that run at once; more wait within their deadline.
const THREADS: usize = 2;
/// A query that does not let go of its thread at its deadline is left to end by itself after this long.
const GRACE: Duration = Duration::from_secs(1);

/// Threads that such queries may hold. Others take their place for the queries that follow, up to here.
const MOST_STUCK: usize = 6;

#[derive(Debug)]
pub struct SqlThreads {
    pool: Mutex<Arc<Pool>>,
    stuck: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Pool(Option<Runtime>);

impl Pool {
    fn start() -> io::Result<Pool> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(THREADS)
            .thread_stack_size(STACK_BYTES)
            .thread_name("weft-sql")
            .enable_time()
            .build();
        runtime.map(|runtime| Pool(Some(runtime)))
    }
}

impl Drop for Pool {
    /// Does not wait for queries, and may be called from a task.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl SqlThreads {
    pub fn start() -> io::Result<SqlThreads> {
        Ok(SqlThreads { pool: Mutex::new(Arc::new(Pool::start()?)), stuck: Arc::default() })
    }

    /// The answer of `work`, which keeps `deadline` by itself unless it holds its thread.
    pub async fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, SqlError>> + Send + 'static,
    ) -> Result<T, SqlError> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(runtime) = &pool.0 else { return Err(SqlError::Internal("weft is ending".to_owned())) };
        // Aborted when nobody waits for it any more: the client hung up.
        let mut answer = AbortOnDropHandle::new(runtime.spawn(work));
        match tokio::time::timeout(deadline + GRACE, &mut answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(match error.try_into_panic() {
                Ok(panic) => SqlError::Panicked(said(&*panic)),
                Err(error) => SqlError::Internal(error.to_string()),
            }),
            Err(_) => {
                self.leave(&pool, answer);
                Err(SqlError::Deadline(deadline))
            }
        }
    }

    /// New threads for the queries to come; those under way in `pool` end there.
    fn leave<T: Send + 'static>(&self, pool: &Arc<Pool>, held: AbortOnDropHandle<T>) {
        held.abort();
        if self.stuck.fetch_add(1, Ordering::Relaxed) < MOST_STUCK {
            let mut current = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current, pool) {
                match Pool::start() {
                    Ok(fresh) => *current = Arc::new(fresh),
                    Err(error) => tracing::error!("no new threads for queries: {error}"),
                }
            }
        }
        tracing::warn!("a query held its thread beyond its deadline");
        let stuck = self.stuck.clone();
        tokio::spawn(async move {
            drop(held.await);
            stuck.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words").to_owned()
}
