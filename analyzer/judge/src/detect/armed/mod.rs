//! Which detectors can say anything here, and what would arm the rest. "All well" is said only of what is armed.
//!
//! Each detector has a row for what it can see, in its own file or folder; a unit test holds every kind of fact to exactly one
//! row.

use super::DETECTORS;
use crate::fabric::{Job, PortId};
use crate::features::pace::{JobPace, NotFound};
use crate::features::{Features, PortState};
use crate::kinds::FactKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one detector can see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Armed {
    pub detector: String,
    /// The kinds of fact that it tells.
    pub facts: Vec<String>,
    /// It can say something of at least one port or job.
    pub armed: bool,
    pub ports: usize,
    pub jobs: usize,
    pub off: Vec<Off>,
}

/// Places where a detector says nothing, whatever happens there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Off {
    pub reason: String,
    /// How many of `of`; 0 when there is none of them at all.
    pub count: usize,
    /// `ports`, `jobs` or `devices`.
    pub of: String,
    /// What would arm it.
    pub arm: String,
}

/// Where some kinds of fact can be seen.
#[derive(Debug)]
pub struct Row {
    /// What people call the detector.
    pub detector: &'static str,
    /// The kinds of fact that its detector tells.
    pub facts: &'static [FactKind],
    pub look: fn(&View<'_>, &mut Tally),
}

fn rows() -> impl Iterator<Item = &'static Row> {
    DETECTORS.iter().flat_map(|detector| detector.armed)
}

/// `stands_still`: no tick has closed of late, so nothing is heard, whatever the features remembers.
pub fn armed(features: &Features, stands_still: bool) -> Vec<Armed> {
    let view = View { features, stands_still };
    let look = |row: &Row| {
        let mut tally = Tally::default();
        (row.look)(&view, &mut tally);
        tally.into_armed(row)
    };
    rows().map(look).collect()
}

/// The ports that are known, by when they last told anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Within a few of their own intervals.
    pub lately: usize,
    /// Before, and not now. Unplanned ports that are silent for longer than [`GONE_NS`] are gone and not counted.
    pub silent: usize,
    /// Planned, and read by no collector so far.
    pub never: usize,
}

/// An unplanned port that has told nothing for this long has been taken away.
const GONE_NS: i64 = 300_000_000_000;

pub fn heard(features: &Features, stands_still: bool) -> Heard {
    let view = View { features, stands_still };
    let mut heard = Heard::default();
    for (id, port) in features.ports.iter().enumerate() {
        let planned = features.topology.ports[id].planned;
        match port.seen_tick() {
            None => heard.never += usize::from(planned),
            Some(_) if view.is_heard(id) => heard.lately += 1,
            Some(seen) => heard.silent += usize::from(planned || (features.tick - seen) * features.tick_ns < GONE_NS),
        }
    }
    heard
}

/// Told within so many of its own intervals; the silence of a collector is said after as many flush periods.
const MISSED_INTERVALS: i64 = 5;

/// A port that is read still tells: its last row is not older than a few of its intervals.
pub fn is_heard(features: &Features, port: &PortState) -> bool {
    let interval_ticks = (port.interval_ns() / features.tick_ns).max(1);
    port.seen_tick().is_some_and(|seen| features.tick - seen <= MISSED_INTERVALS * interval_ticks)
}

pub struct View<'a> {
    pub(super) features: &'a Features,
    pub(super) stands_still: bool,
}

impl View<'_> {
    pub(super) fn is_heard(&self, port: PortId) -> bool {
        !self.stands_still && is_heard(self.features, &self.features.ports[port])
    }

    /// Why nothing at all is told of a port.
    pub(super) fn unheard(&self, port: PortId) -> Option<Reason> {
        match self.features.ports[port].seen_tick() {
            _ if self.is_heard(port) => None,
            None => Some(NOT_READ),
            Some(_) => Some(SILENT),
        }
    }

    /// Calls `look` for every job that runs now, and says why of those that do not, or that there is none.
    pub(super) fn each_job(&self, tally: &mut Tally, look: impl Fn(&Job, usize) -> Option<Reason>) {
        if self.features.topology.jobs.is_empty() {
            tally.none("jobs", NO_JOB);
        }
        for (id, job) in self.features.topology.jobs.iter().enumerate() {
            let runs = job.runs_at(self.features.now_ns);
            match if runs { look(job, id) } else { Some(NOT_RUNNING) } {
                None => tally.jobs += 1,
                Some(reason) => tally.off("jobs", reason),
            }
        }
    }

    pub(super) fn each_port(&self, tally: &mut Tally, look: impl Fn(PortId) -> Option<Reason>) {
        if self.features.ports.is_empty() {
            tally.none("ports", NO_PORT);
        }
        for port in 0..self.features.ports.len() {
            match self.unheard(port).or_else(|| look(port)) {
                None => tally.ports += 1,
                Some(reason) => tally.off("ports", reason),
            }
        }
    }
}

/// Why a detector says nothing of a place, and what would arm it there.
pub(super) type Reason = (&'static str, &'static str);

const NO_PORT: Reason = ("no port is known", "run a collector, or name the ports in plan ports.csv");
const NOT_READ: Reason = ("read by no collector", "run a collector that reads them");
const SILENT: Reason = ("not heard lately", "see Collectors: what reads them has fallen silent");
const NO_LEVELS: Reason = (
    "its bytes show no levels: they differ from iteration to iteration, or never pause, or too few were read",
    "step marks: weft_step.py in deploy/python; or readings of all its hosts at one moment",
);
pub(super) const IN_STEP: Reason = (
    "a job's iterations come in step with the readings, which always see the same part of them",
    "step marks: weft_step.py in deploy/python; or readings at uneven distances: weft's collectors, with rates.dither",
);

/// Why the pace of a job is not known.
pub(super) fn no_pace(pace: &JobPace) -> Reason {
    match pace.not_found() {
        Some(NotFound::InStep) => IN_STEP,
        _ => NO_LEVELS,
    }
}

const NO_JOB: Reason = ("no job in the plan", "plan jobs.csv: job, device, start_ns, end_ns");
const NOT_RUNNING: Reason = ("not running now", "nothing to do: armed while they run");

#[derive(Debug, Default)]
pub struct Tally {
    pub(super) ports: usize,
    pub(super) jobs: usize,
    off: BTreeMap<(&'static str, Reason), usize>,
}

impl Tally {
    pub(super) fn off(&mut self, of: &'static str, reason: Reason) {
        *self.off.entry((of, reason)).or_default() += 1;
    }

    /// There is none of what it looks at.
    pub(super) fn none(&mut self, of: &'static str, reason: Reason) {
        self.off.entry((of, reason)).or_default();
    }

    fn into_armed(self, row: &Row) -> Armed {
        let off = |((of, (reason, arm)), count): ((&str, Reason), usize)| Off {
            reason: reason.to_owned(),
            count,
            of: of.to_owned(),
            arm: arm.to_owned(),
        };
        let mut off: Vec<Off> = self.off.into_iter().map(off).collect();
        off.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        let armed = self.ports + self.jobs > 0;
        let facts = row.facts.iter().map(|kind| kind.name().to_owned()).collect();
        Armed { detector: row.detector.to_owned(), facts, armed, ports: self.ports, jobs: self.jobs, off }
    }
}

#[cfg(test)]
mod tests;
