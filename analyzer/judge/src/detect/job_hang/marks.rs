//! Who has not begun, by step marks: a rank that has not computed the part of the step that the others have computed and gone on
//! from (`features/marked.rs`).

use super::{Seen, Stand, each_once};
use crate::fabric::DeviceId;
use crate::features::{Features, Ran};

pub fn see(features: &Features, job: usize) -> Option<Seen> {
    let state = &features.jobs[job];
    let step_ns = state.step_ns().filter(|_| state.has_majority())?;
    let Some(age_ns) = state.unmarked_ns(features.now_ns) else {
        return Some(Seen::Moves);
    };
    let ran = state.ran()?;
    if state.sends(features.now_ns, features.tick_ns.max(features.bin_ns)) != Some(false) {
        return None; // marks come no more, and the job goes on, or nobody tells whether it does
    }
    let place = |ran: &Ran<'_>| features.topology.find_device(&ran.rank.device);
    let not_begun = each_once(ran.iter().filter(|ran| ran.is_behind).filter_map(place));
    if not_begun.is_empty() {
        return None; // all have done the same: the levels may tell
    }
    let all = each_once(ran.iter().filter_map(place));
    let begun: Vec<DeviceId> = all.into_iter().filter(|device| not_begun.binary_search(device).is_err()).collect();
    let is_told = |device: &DeviceId| features.devices[*device].silent.is_none();
    let untold = not_begun.iter().chain(&begun).filter(|device| !is_told(device)).count();
    if untold == not_begun.len() + begun.len() {
        return None;
    }
    Some(Seen::Stands(Stand {
        since_ns: state.marked_ns,
        stood_s: age_ns as f64 / 1e9,
        iteration_s: step_ns / 1e9,
        readings: state.told_since_mark() as u32,
        past: state.steps_known(),
        longest_s: state.longest_marked_s(),
        begun: begun.into_iter().filter(is_told).collect(),
        not_begun: not_begun.into_iter().filter(is_told).collect(),
        untold,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Silent, job_by_marks};
    use crate::testkit::{SECOND, star};

    /// What is seen of the job after so many seconds, in the last of which the collectors of these hosts are silent.
    fn seen(seconds: i64, moves: fn(i64) -> bool, bytes: impl Fn(i64) -> Option<f64>, silent: &[&str]) -> Option<Seen> {
        let mut features = Features::new(&star(4), SECOND);
        (features.now_ns, features.jobs[0]) = (seconds * SECOND, job_by_marks(seconds, moves, bytes));
        for host in silent {
            let device = features.topology.device(host);
            features.devices[device].silent = Some(Silent { since_ns: 0, flush_period_ns: SECOND });
        }
        see(&features, 0)
    }

    #[test]
    fn a_second_pause_knows_how_long_the_first_one_was() {
        let moves = |second: i64| !(30..42).contains(&second) && second < 80;
        let Some(Seen::Stands(stand)) = seen(90, moves, |second| Some(if moves(second) { 1e9 } else { 0.0 }), &[]) else {
            panic!("it stands still");
        };
        assert_eq!((stand.begun.len(), stand.not_begun.len(), stand.readings), (3, 1, 9));
        assert!((stand.longest_s - 11.5).abs() < 1e-9 && (stand.stood_s - 9.5).abs() < 1e-9, "{stand:?}");
    }

    #[test]
    fn silent_collectors_are_no_hang() {
        let moves = |second: i64| second < 30;
        let still = |second: i64| Some(if moves(second) { 1e9 } else { 0.0 });
        assert_eq!(seen(40, moves, |second| moves(second).then_some(1e9), &[]), None, "nobody has told bytes");
        assert_eq!(seen(40, moves, still, &["h0", "h1", "h2", "h3"]), None, "all are silent");
        let Some(Seen::Stands(stand)) = seen(40, moves, still, &["h0"]) else { panic!("three tell that it stands") };
        assert_eq!((stand.untold, stand.begun.len()), (1, 2));
    }
}
