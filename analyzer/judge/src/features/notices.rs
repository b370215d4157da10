//! Congestion notifications: how many the hosts of a job sent, how many they acted on, and which host has acted on none of late.
//!
//! ```text
//! y0 ──► leaf1 ──marks──► leaf2 ──► y1     a switch with a long queue marks packets on their way
//!    ◄──────── notification ─────────      the receiver notifies the sender, which slows down
//! ```
//! A notification that is sent is acted on by somebody: over all hosts that send to each other the two counts are one. They are
//! added up over the hosts of each job, and over all hosts, in the slots of four ticks of `past.rs`: 264 bytes a job.
//!
//! Of a host only three things are kept, in 8 bytes a port: for how many ticks it has acted on none, how such times went before, and
//! how many it acted on in a tick on the mean. Times without any have no memory beyond one tick: after a tick without there comes
//! another one with the probability q, which is counted. The evidence that a host has stopped acting on them is then
//!
//! ```text
//! n · ln (1/q),   q = (ticks followed by another + 1) / (all such ticks + 2)           n ticks without, nats
//! ```
//! Example: of 40 ticks without any 10 were followed by another one. q = 0.26, and ten ticks without any are 13.4 nats.

use super::Features;
use super::past::{SLOT_TICKS, SLOTS, Slots};
use super::short::Short;
use crate::fabric::PortId;
use serde::{Deserialize, Serialize};

/// Counters of what a host sent and of what it acted on, by their places in [`Rises`].
pub const READS: [&str; 2] = ["cnp_sent", "cnp_handled"];
const SENT: usize = 0;
const HANDLED: usize = 1;
/// What both rose by in a tick.
type Rises = [f32; READS.len()];

/// What is counted of times without any is halved when it reaches this: some minutes of the past.
const MOST_COUNTED: u16 = 256;
/// Of the mean, the part that one tick has: a memory of a minute at 1 Hz.
const NEW: f32 = 1.0 / 64.0;

/// One host's port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hears {
    /// Ticks that were told since it last acted on any.
    silent: u16,
    /// Ticks without any that were followed by another one, and by one with some.
    lasted: u16,
    ended: u16,
    /// Notifications that it acts on in a tick, on the mean. Not known before the first.
    usual: Option<Heard>,
}

/// A [`Short`] above nought.
type Heard = std::num::NonZeroU16;

const _: () = assert!(size_of::<Hears>() == 8);

impl Hears {
    /// Takes in a tick, in which it acted on so many.
    fn add(&mut self, handled: f32) {
        if self.usual.is_none() && handled <= 0.0 {
            return;
        }
        if handled <= 0.0 {
            self.silent = self.silent.saturating_add(1);
            return;
        }
        let ticks = std::mem::take(&mut self.silent);
        self.lasted = self.lasted.saturating_add(ticks.saturating_sub(1));
        self.ended += u16::from(ticks > 0);
        while self.lasted.max(self.ended) >= MOST_COUNTED {
            (self.lasted, self.ended) = (self.lasted / 2, self.ended / 2);
        }
        let ticks = f32::from(ticks) + 1.0;
        let usual = match self.usual() {
            None => handled,
            Some(usual) => usual + (handled / ticks - usual) * (1.0 - (1.0 - NEW).powf(ticks)),
        };
        self.usual = Heard::new(Short::of(Some(usual)).code());
    }

    /// Notifications a tick that it acted on before it fell silent; `None` where it never acted on any.
    pub fn usual(&self) -> Option<f32> {
        self.usual.and_then(|code| Short::of_code(code.get()).get())
    }

    /// For how many ticks it has acted on none.
    pub fn silent_ticks(&self) -> i64 {
        i64::from(self.silent)
    }

    /// How surely it has stopped acting on any.
    pub fn nats(&self) -> f64 {
        let [silent, lasted, ended] = [self.silent, self.lasted, self.ended].map(f64::from);
        silent * ((lasted + ended + 2.0) / (lasted + 1.0)).ln()
    }
}

/// What the hosts of a job, or all, sent and acted on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notices {
    counts: [Rises; SLOTS],
    newest: i64,
}

impl Default for Notices {
    fn default() -> Notices {
        Notices { counts: [[f32::NAN; READS.len()]; SLOTS], newest: i64::MIN }
    }
}

impl Notices {
    fn add(&mut self, tick: i64, rises: Rises) {
        let slot = tick.div_euclid(SLOT_TICKS);
        if slot > self.newest {
            let skipped = slot.saturating_sub(self.newest).min(SLOTS as i64);
            ((slot - skipped + 1)..slot).for_each(|slot| self.counts[Notices::at(slot)] = [f32::NAN; READS.len()]);
            self.counts[Notices::at(slot)] = Rises::default();
            self.newest = slot;
        }
        self.counts[Notices::at(slot)].iter_mut().zip(rises).for_each(|(count, rise)| *count += rise);
    }

    fn at(slot: i64) -> usize {
        slot.rem_euclid(SLOTS as i64) as usize
    }

    /// Of a slot what was sent and what was acted on; `None` where it is not kept or nothing was told.
    fn slot(&self, slot: i64) -> Option<Rises> {
        let is_kept = slot <= self.newest && slot > self.newest.saturating_sub(SLOTS as i64);
        Some(self.counts[Notices::at(slot)]).filter(|counts| is_kept && !counts[SENT].is_nan())
    }

    pub fn knows(&self, slot: i64) -> bool {
        self.slot(slot).is_some()
    }

    /// What was sent and what was acted on in these slots.
    pub fn sum(&self, slots: Slots) -> (f64, f64) {
        let known = || slots.iter().filter_map(|slot| self.slot(slot));
        let sum = |at: usize| known().map(|counts| f64::from(counts[at])).sum();
        (sum(SENT), sum(HANDLED))
    }
}

impl Features {
    /// Takes in what the hosts' counters of notifications rose by in this tick.
    pub(super) fn update_notices(&mut self) {
        let mut told = std::mem::take(&mut self.noticing);
        told.sort_unstable_by_key(|(port, ..)| *port);
        let mut rises: Vec<(PortId, Rises)> = Vec::with_capacity(told.len() / READS.len());
        for run in told.chunk_by(|a, b| a.0 == b.0) {
            let sum = |at: usize| run.iter().filter(|(_, counter, _)| *counter == at).map(|(_, _, rise)| rise).sum();
            rises.push((run[0].0, std::array::from_fn(sum)));
            if run.iter().any(|(_, counter, _)| *counter == HANDLED) {
                self.ports[run[0].0].hears.add(rises[rises.len() - 1].1[HANDLED]);
            }
        }
        if rises.is_empty() {
            return;
        }
        let all = |rises: &mut dyn Iterator<Item = Rises>| {
            rises.fold(Rises::default(), |sum, rise| [sum[0] + rise[0], sum[1] + rise[1]])
        };
        self.notices.get_or_insert_default().add(self.tick, all(&mut rises.iter().map(|(_, rise)| *rise)));
        for (job, state) in self.topology.jobs.iter().zip(&mut self.jobs).filter(|(job, _)| job.runs_at(self.now_ns)) {
            let of = |port: PortId| rises.binary_search_by_key(&port, |(port, _)| *port).ok().map(|at| rises[at].1);
            let mut of_job = self.topology.job_ports(job).filter_map(of).peekable();
            if of_job.peek().is_some() {
                state.notices.get_or_insert_default().add(self.tick, all(&mut of_job));
            }
        }
        told.clear();
        self.noticing = told;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn hears(ticks: impl IntoIterator<Item = f64>) -> Hears {
        let mut hears = Hears::default();
        ticks.into_iter().for_each(|handled| hears.add(handled as f32));
        hears
    }

    pub(crate) fn notices(ticks: impl IntoIterator<Item = (f64, f64)>) -> Notices {
        let mut notices = Notices::default();
        (0..).zip(ticks).for_each(|(tick, (sent, handled))| notices.add(tick, [sent as f32, handled as f32]));
        notices
    }

    #[test]
    fn a_host_that_is_often_silent_must_be_so_for_longer() {
        // Acts on some in each tick; then in none of ten.
        let always = hears((0..60).map(|tick| if tick < 50 { 8.0 } else { 0.0 }));
        assert_eq!((always.silent_ticks(), always.usual()), (10, Some(8.0)));
        assert!((always.nats() - 10.0 * 2.0_f64.ln()).abs() < 1e-9);
        // In one of four: three ticks without any, two of them followed by another one.
        let rarely = hears((0..200).map(|tick| if tick % 4 == 0 && tick < 180 { 8.0 } else { 0.0 }));
        assert_eq!(rarely.silent_ticks(), 23);
        assert!((rarely.nats() - 23.0 * (134.0_f64 / 89.0).ln()).abs() < 0.01, "{}", rarely.nats());
        assert!(rarely.usual().is_some_and(|usual| (1.8..3.2).contains(&usual)), "{:?}", rarely.usual());
        assert_eq!(hears([0.0; 50]).nats(), 0.0, "it never acted on any");
    }

    #[test]
    fn slots_add_up_what_four_ticks_told_and_a_gap_is_not_nought() {
        let mut told = notices((0..40).map(|tick| (3.0, (tick % 2) as f64)));
        assert_eq!((told.sum(Slots::between(5, 9, 9)), told.knows(9), told.knows(10)), ((60.0, 10.0), true, false));
        told.add(60, [1.0, 1.0]);
        assert_eq!((told.knows(12), told.knows(15), told.sum(Slots::between(9, 15, 15))), (false, true, (13.0, 3.0)));
    }
}
