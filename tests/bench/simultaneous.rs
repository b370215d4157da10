//! Two collectors on one machine read one steadily rising counter: what they read at one tick differs by at most 1 ms of its rate, at
//! the median, at 10 Hz and at 1 Hz. Needs root, for a network namespace of its own.
//!
//! `BENCHES=simultaneous tests/bench.sh`, or `cargo bench --locked --workspace --bench simultaneous`.

use anyhow::Result;
use std::process::ExitCode;
use std::time::Duration;
use weft_collector::Rates;
use weft_tests::meter::{Goal, tell};
use weft_tests::simultaneous::{in_namespace, measure};

/// Set in the process that measures.
const INSIDE: &str = "WEFT_BENCH_INSIDE";
/// 1,200 ticks at 10 Hz, 120 at 1 Hz: of the latter the 99 % quantile is the second largest.
const LENGTH: Duration = Duration::from_secs(120);
const MOST_MS: f64 = 1.0;

fn main() -> Result<ExitCode> {
    if std::env::var_os(INSIDE).is_none() {
        let status = in_namespace()?.env(INSIDE, "1").status()?;
        return Ok(ExitCode::from(u8::from(!status.success())));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut ok = true;
    for (name, fast_ms) in [("10 Hz", 100), ("1 Hz", 0)] {
        let apart = runtime.block_on(measure(Rates { fast_ms, ..Rates::default() }, LENGTH))?;
        let tell_ms = |what: &str, value, goal| tell(&format!("two collectors at {name}, {what}"), value, "ms", goal);
        ok &= tell_ms("bytes apart, median", apart.bytes_ms.median, Some(Goal::AtMost(MOST_MS)));
        tell_ms("bytes apart, 99 %", apart.bytes_ms.p99, None);
        tell_ms("stamps apart, median", apart.stamps_ms.median, None);
        tell_ms("stamps apart, 99 %", apart.stamps_ms.p99, None);
        tell_ms("late, median", apart.late_ms.median, None);
        tell_ms("late, 99 %", apart.late_ms.p99, None);
        tell(&format!("two collectors at {name}, ticks"), apart.ticks as f64, "ticks", None);
    }
    Ok(ExitCode::from(u8::from(!ok)))
}
