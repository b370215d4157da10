//! What a benchmark reads of itself, and how it tells a figure.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread, user and kernel, s.
pub fn thread_cpu_s() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// CPU time of this process, user and kernel, s.
pub fn process_cpu_s() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32).as_secs_f64()
}

/// CPU time of another process, s; 0 when it is gone.
pub fn cpu_s_of(pid: u32) -> f64 {
    // 14th and 15th fields of stat(5), after the name in brackets; 100 ticks a second on Linux.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Resident memory now, bytes.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Prints one figure as a JSON line; false when it misses its goal.
pub fn tell(bench: &str, value: f64, unit: &str, goal: Option<Goal>) -> bool {
    let ok = goal.is_none_or(|goal| match goal {
        Goal::AtLeast(least) => value >= least,
        Goal::AtMost(most) => value <= most,
    });
    let goal = goal.map(|(Goal::AtLeast(goal) | Goal::AtMost(goal))| goal);
    let value = (value * 1000.0).round() / 1000.0;
    println!("{}", serde_json::json!({"bench": bench, "value": value, "unit": unit, "goal": goal, "ok": ok}));
    ok
}

#[derive(Clone, Copy, Debug)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}
