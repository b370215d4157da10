//! Who has not begun, by step marks: a rank that has not computed the part of the step that the others have computed and gone on
//! from.
//!
//! ```text
//! last mark of computing   rank 0   step 120, ended at 17.2 s
//!                          rank 1   step 120, ended at 17.3 s
//!                          rank 2   step 119, ended at 15.6 s     has not begun step 120, and no mark has come for 8 s
//! ```
//! A rank marks what it has done. One that computes the same step as the others but ended by a tenth of a step earlier has done a
//! part of the step less: such loops compute and communicate several times a step.

use super::{Seen, Stand, each_once};
use crate::fabric::DeviceId;
use crate::features::{Features, JobState, RankMarks};
use crate::statistics::median;

/// Ranks that make a majority that can be told from one of them.
const LEAST_RANKS: usize = 3;
/// Of a step, by how much earlier a rank's computing ended that has done a part less: computing itself differs by a few hundredths.
const EARLIER: f64 = 0.1;
/// Steps without a mark until the job stands still: the marks of a step come in one after the other within one, and then those of the next.
const MOVES: f64 = 2.0;
/// Of the bytes that the job usually sends a second, what it sends at most while it stands still.
const STILL: f64 = crate::features::pace::WIDTH;
/// Ticks of the rate that is looked at: as many as make one (`features/job.rs`).
const RATE_TICKS: i64 = 3;

pub fn see(features: &Features, job: usize) -> Option<Seen> {
    let state = &features.jobs[job];
    let step_ns = state.step_ns()?;
    let newest = newest_step(state).filter(|_| state.ranks.len() >= LEAST_RANKS)?;
    let age_ns = features.now_ns - state.marked_ns;
    if (age_ns as f64) <= MOVES * step_ns {
        return Some(Seen::Moves);
    }
    if sends(features, state) {
        return None; // marks come no more, and the job goes on
    }
    // One that was left behind for longer marks nothing any more.
    let running = || state.ranks.values().filter_map(|rank| Some((rank, *rank.compute.back()?))).filter(|(_, last)| last.0 >= newest - 1);
    let mut ends: Vec<f64> = running().filter(|(_, last)| last.0 == newest).map(|(_, last)| last.2 as f64).collect();
    let usual_ns = median(&mut ends);
    let is_behind = |last: &(i64, i64, i64)| last.0 < newest || (last.2 as f64) < usual_ns - EARLIER * step_ns;
    let place = |rank: &RankMarks| features.topology.find_device(&rank.device);
    let not_begun = each_once(running().filter(|(_, last)| is_behind(last)).filter_map(|(rank, _)| place(rank)));
    if not_begun.is_empty() {
        return None; // all have done the same: the levels may tell
    }
    let all = each_once(running().filter_map(|(rank, _)| place(rank)));
    let begun: Vec<DeviceId> = all.into_iter().filter(|device| not_begun.binary_search(device).is_err()).collect();
    let is_told = |device: &DeviceId| features.devices[*device].silent.is_none();
    let untold = not_begun.iter().chain(&begun).filter(|device| !is_told(device)).count();
    Some(Seen::Stands(Stand {
        since_ns: state.marked_ns,
        stood_s: age_ns as f64 / 1e9,
        iteration_s: step_ns / 1e9,
        readings: u32::MAX,
        past: state.steps_known(),
        longest_s: 0.0,
        begun: begun.into_iter().filter(is_told).collect(),
        not_begun: not_begun.into_iter().filter(is_told).collect(),
        untold,
    }))
}

fn newest_step(state: &JobState) -> Option<i64> {
    state.ranks.values().filter_map(|rank| rank.compute.back()).map(|last| last.0).max()
}

/// The job sends more than connections do that are merely kept alive.
fn sends(features: &Features, state: &JobState) -> bool {
    let now = state.rate_between(features.now_ns - RATE_TICKS * features.tick_ns, features.now_ns);
    let usual = state.baseline(state.marked_ns, &Default::default());
    now.zip(usual).is_some_and(|(now, usual)| now > STILL * usual)
}
