//! A job that goes more slowly than it usually does, by its pace (`features/pace`): what the job loses, and since when.
//!
//! ```text
//! iterations of the job   ╱╱╱╱╱╱╱╱│╱‾╱‾╱‾╱‾   usual pace 0.62 iterations a second, now 0.55: 11 % of the step time is lost
//!                                 since here
//! ```
//! The fact accuses nobody. Whether a part in trouble explains the loss is decided in diagnosis (`diagnose/unexplained.rs`), which
//! opens an incident of the job only for what nothing explains.
//!
//! Counts that are older than their stamps move the line as well, but only by so much: a job whose hosts tell of bytes up to 3 s
//! late, on the mean, may seem to have lost 3 s and no more, while a slow job loses more with every iteration. Nothing is said
//! until the time lost since the job became slow is more than that.
//!
//! A pause, a checkpoint, a restart or a gap in the readings is one event, and a job that is slow is slow all the time: each third of
//! the time since it became slow must show half of the loss, and a single event lies in two of them at most. A job that has
//! ended counts no more iterations, and nothing is said of it.
//!
//! How surely a job is slower, and what is no slowing (a pause, a checkpoint, a single long step), `features/pace/line.rs` says.

use super::armed::{Row, Tally, View, no_pace};
use super::{Detector, Shows, Sink, Spot, remembers_nothing, strength};
use crate::fabric::{Job, Place};
use crate::features::Features;
use crate::features::pace::LEAST;
use crate::kinds::{FactKind, JobSlow};

/// For so many ticks a job must be slow before it is said: the longest window of any detector of causes
/// (`detect/conservation`). What can be seen of a cause has been said by then, and the incident of the cause tells the loss.
const WAITS_TICKS: i64 = 28;
/// Of the loss, what each third of the time must show: a third has few iterations, of which the loss is known to some tenths.
const IN_EACH_THIRD: f64 = 0.5;
/// What one job costs the budget of the detector: the pace is known already, and only asked for.
const LOOKS: usize = 1;
/// The slowest known sources of port counters refresh them within this time (sFlow, every 20 to 30 s), twice over: of a port
/// whose counts fit its far end's at no distance, this is the most that is assumed.
const MOST_APART_S: f64 = 60.0;

pub const DETECTOR: Detector = Detector {
    name: "job_slow",
    reads: &[],
    detect,
    forget: remembers_nothing,
    armed: &[Row { detector: "pace of jobs", facts: &[FactKind::JobSlow], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        out.look_at(Spot::Job(job), LOOKS);
        let (runs, pace) = (plan.runs_at(features.now_ns), &features.jobs[job].pace);
        match pace.slow().filter(|_| runs) {
            Some((since_ns, slow)) => {
                if !out.watches(FactKind::JobSlow, Place::Job(job)) && !is_lasting(features, job, since_ns, slow.loss) {
                    continue;
                }
                let strength = strength(slow.loss, LEAST);
                let shows = Shows { since_ns, strength, job: Some(job), ..Shows::default() };
                out.present(Place::Job(job), shows, JobSlow { lost: slow.loss, usual_s: slow.usual_s });
            }
            None if !runs || pace.line().pace().is_some() => out.absent(FactKind::JobSlow, Place::Job(job)),
            None => {}
        }
    }
}

/// The job has been slow for long enough, all the time, and by more than stamps that are apart can make of it.
fn is_lasting(features: &Features, job: usize, since_ns: i64, loss: f64) -> bool {
    let span_ns = features.now_ns - since_ns;
    let lost_s = loss * span_ns as f64 / 1e9;
    let is_long = span_ns >= WAITS_TICKS * features.tick_ns;
    let thirds = || features.jobs[job].pace.lost_in_thirds(since_ns, features.now_ns);
    let all_along = || thirds().is_some_and(|thirds| thirds.iter().all(|lost| *lost >= loss * IN_EACH_THIRD));
    is_long && lost_s > stamps_apart_s(features, &features.topology.jobs[job]) && all_along()
}

/// By how much later than it seems a job may have sent what its hosts tell, by the mean of its ports, s.
pub(super) fn stamps_apart_s(features: &Features, job: &Job) -> f64 {
    let apart_s = |port| features.stamps_apart_s(port).min(MOST_APART_S);
    let (sum_s, ports) = features.topology.job_ports(job).map(apart_s).fold((0.0, 0), |(sum, n), s| (sum + s, n + 1));
    sum_s / f64::from(ports.max(1))
}

fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |_, job| {
        let pace = &view.features.jobs[job].pace;
        (view.stands_still || pace.line().pace().is_none()).then(|| no_pace(pace))
    });
}
