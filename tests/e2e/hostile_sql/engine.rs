//! The corpus straight to the SQL engine, past the limit that HTTP sets on a body.

use super::corpus::{EDGES, SHAPES, SINGLE, SIZES};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_analyzer::sql::{STACK_BYTES, Sql, SqlAnswer, SqlEngine, SqlError, SqlLimits, SqlQuery};
use weft_analyzer::store::{Store, StoreConfig};
use weft_wire::plan::Plan;

/// The slowest shape takes a few seconds without optimisation; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What never ends by itself ends here,
const TIMEOUT: Duration = Duration::from_secs(2);
/// or a little later when it holds its thread.
const LENIENCE: Duration = Duration::from_secs(10);

fn engine() -> SqlEngine {
    let store = Store::new(Plan::default(), &StoreConfig { window_ns: 1_000_000_000, window_bytes: 1 << 20 });
    SqlEngine::new(Arc::new(store), SqlLimits::default()).unwrap()
}

/// One word for how it ended, and how long that took.
async fn ask(engine: &SqlEngine, name: &str, sql: String, timeout: Duration) -> (&'static str, Duration) {
    let began = Instant::now();
    let answer = engine.query(SqlQuery { sql, params: Vec::new(), timeout, max_rows: 10 }).await;
    let took = began.elapsed();
    assert!(took < timeout + LENIENCE, "{name}: {took:?}");
    (ending(name, answer), took)
}

fn ending(name: &str, answer: Result<SqlAnswer, SqlError>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(SqlError::Invalid { message, .. }) => {
            assert!(!message.is_empty() && message.len() < 2_000, "{name}: no clear words: {message}");
            "refused"
        }
        Err(SqlError::NotReadOnly(_)) => "refused",
        Err(SqlError::Deadline(_)) => "deadline",
        Err(SqlError::Memory(_)) => "memory",
        Err(error @ (SqlError::Busy(_) | SqlError::Panicked(_) | SqlError::Internal(_))) => {
            panic!("{name}: {error}")
        }
    }
}

/// The most that any thread of the engine has used of its stack: the kernel knows which pages were touched.
fn most_stack() -> usize {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut size, mut most) = (0, 0);
    for line in maps.lines() {
        let kilobytes = |line: &str| line.split_whitespace().nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        if line.starts_with("Size:") {
            size = kilobytes(line) << 10;
        }
        if line.starts_with("Rss:") && size.abs_diff(STACK_BYTES) < 64 << 10 {
            most = most.max(kilobytes(line) << 10);
        }
    }
    most
}

#[tokio::test]
async fn every_shape_at_every_size_is_answered_or_refused() {
    let engine = engine();
    let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
    let mut slowest: Vec<(Duration, String)> = Vec::new();
    let (mut count, mut used) = (0, 0);
    for (shape, make) in SHAPES {
        let mut line = String::new();
        for size in SIZES.into_iter().chain(EDGES) {
            let name = format!("{shape} of {size}");
            let (ending, took) = ask(&engine, &name, make(size), PATIENCE).await;
            *endings.entry(ending).or_default() += 1;
            slowest.push((took, format!("{name}: {ending}")));
            line += &format!(" {size} {ending} {} ms,", took.as_millis());
            count += 1;
        }
        // A thread that a query holds is left to itself and takes its stack with it when it ends: looked at each time.
        used = most_stack().max(used);
        println!("{shape}:{line} stack {} KiB", used >> 10);
    }
    for (name, sql) in SINGLE {
        let (ending, took) = ask(&engine, name, (*sql).to_owned(), TIMEOUT).await;
        *endings.entry(ending).or_default() += 1;
        println!("{name}: {ending} {} ms", took.as_millis());
        count += 1;
    }
    slowest.sort();
    println!("{count} queries: {endings:?}; slowest {:?}", &slowest[slowest.len() - 5..]);
    println!("most stack used: {} KiB of {} KiB", used >> 10, STACK_BYTES >> 10);
    assert!(used > 0, "the engine's stacks were not found");
    assert!(used < STACK_BYTES / 2, "{used} bytes of stack");
    let (ending, _) = ask(&engine, "a plain query afterwards", "SELECT count(*) FROM port".to_owned(), PATIENCE).await;
    assert_eq!(ending, "answered");
}
