//! The compute phase: mostly waiting, as a CPU does while its GPU works, and a measured part of real CPU work.

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Takes `compute_ms` × `slowdown`, of which `cpu_ms` × `slowdown` are CPU time of this thread. A scarce CPU makes it longer.
/// The work begins after `turn` (0 to 1) of the waiting: eight workers at once would only measure this machine's few cores.
pub fn run(compute_ms: u64, cpu_ms: u64, slowdown: f64, turn: f64) -> Result<()> {
    let scaled = |ms: u64| Duration::from_millis(ms).mul_f64(slowdown);
    let start = Instant::now();
    std::thread::sleep(scaled(compute_ms.saturating_sub(cpu_ms)).mul_f64(turn));
    burn(scaled(cpu_ms));
    std::thread::sleep(scaled(compute_ms).saturating_sub(start.elapsed()));
    Ok(())
}

fn burn(cpu: Duration) {
    let start = thread_cpu();
    let mut state = 1u64;
    while thread_cpu().saturating_sub(start) < cpu {
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        std::hint::black_box(state);
    }
}

fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.max(0) as u64, now.tv_nsec.max(0) as u32)
}
