//! The judge's arithmetic: how much of the job's pace a fault took, by the workers' own step log, and whether weft was right.

use crate::worker::Step;

/// Steps done until `t`, a running step counted in part. `None` before the log begins.
fn progress(steps: &[Step], t_ns: i64) -> Option<f64> {
    let train: Vec<&Step> = steps.iter().filter(|s| s.kind == "train").collect();
    if train.first()?.start_ns > t_ns {
        return None;
    }
    let done = train.partition_point(|s| s.end_ns <= t_ns);
    let running = train.get(done).map_or(0.0, |s| {
        let length = (s.end_ns - s.start_ns).max(1) as f64;
        ((t_ns - s.start_ns).max(0) as f64 / length).min(1.0)
    });
    Some(done as f64 + running)
}

/// Steps a second within the interval; the log must reach beyond its end.
pub fn rate(steps: &[Step], from_ns: i64, to_ns: i64) -> Option<f64> {
    let last = steps.last()?.end_ns;
    if last < to_ns || to_ns <= from_ns {
        return None;
    }
    Some((progress(steps, to_ns)? - progress(steps, from_ns)?) / ((to_ns - from_ns) as f64 / 1e9))
}

/// Fraction of step time lost in the fault's interval against the baseline's.
pub fn lost(steps: &[Step], baseline: (i64, i64), fault: (i64, i64)) -> Option<f64> {
    let healthy = rate(steps, baseline.0, baseline.1).filter(|r| *r > 0.0)?;
    Some(1.0 - rate(steps, fault.0, fault.1)? / healthy)
}

/// Said and measured agree: within 5 points, or 25 % of what was measured.
pub fn agrees(said: Option<f64>, measured: Option<f64>) -> bool {
    let (Some(said), Some(measured)) = (said, measured) else { return false };
    (said - measured).abs() <= (0.25 * measured.abs()).max(0.05)
}

pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lengths_ms: &[i64]) -> Vec<Step> {
        let mut at = 0;
        let step = |(n, ms): (usize, &i64)| {
            let start_ns = at;
            at += ms * 1_000_000;
            Step { step: n as u64, kind: "train".into(), start_ns, computed_ns: start_ns, end_ns: at }
        };
        lengths_ms.iter().enumerate().map(step).collect()
    }

    const S: i64 = 1_000_000_000;

    #[test]
    fn twice_the_step_time_is_half_lost() {
        let log = steps(&[500, 500, 500, 500, 1000, 1000, 1000, 500]);
        assert_eq!(lost(&log, (0, 2 * S), (2 * S, 5 * S)), Some(0.5));
    }

    #[test]
    fn a_stalled_step_counts_in_part() {
        let log = steps(&[500, 500, 4000, 500]);
        let lost = lost(&log, (0, S), (S, 5 * S)).unwrap();
        assert!((lost - (1.0 - 1.0 / 8.0)).abs() < 1e-9, "{lost}");
    }

    #[test]
    fn an_interval_beyond_the_log_is_unknown() {
        assert_eq!(rate(&steps(&[500, 500]), 0, 2 * S), None);
    }

    #[test]
    fn agreement_is_points_or_a_quarter() {
        assert!(agrees(Some(0.12), Some(0.08)) && agrees(Some(0.8), Some(1.0)));
        assert!(!agrees(Some(0.2), Some(0.1)) && !agrees(None, Some(0.1)));
    }
}
