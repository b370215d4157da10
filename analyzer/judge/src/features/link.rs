//! A link's state as it is told: up, down, since when, and what somebody did to its interface.
//!
//! ```text
//!                 carrier lost                       set up again, removed and back
//!    up ─────────────────────────► down       off ─────────────────────────────────► unknown, carrier owed
//!     ▲        carrier found        │          ▲                                          │
//!     ├─────────────────────────────┘          │ set down, removed, moved, renamed        │ carrier found
//!     └────────────────────────────────────────┴──────────────────────────────────────────┘ up
//! ```
//! Losing the carrier while the interface is up is a fault of the link. What somebody does to the interface is none: its
//! carrier goes with it, and so may the far end's.

use super::port::push;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use weft_wire::PortChange;

/// Link-downs kept a port.
pub const DOWNS: usize = 8;
/// Two downs within six hours are a flap.
pub const FLAP_MEMORY_NS: i64 = 6 * 3600 * 1_000_000_000;
/// A carrier lost this shortly before an interface was set down or removed went with it: the two are told apart, and by a
/// veth's two ends in either order.
const NEAR_NS: i64 = 2_000_000_000;
/// An interface that is set up again finds its carrier within this time: optics of 400 Gbit/s train for up to some 20 s.
const TRAINING_NS: i64 = 30_000_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Link {
    pub up: Option<bool>,
    pub since_ns: i64,
    /// Starts of the downs seen, oldest first.
    pub downs: VecDeque<i64>,
    /// What was done to the interface, for as long as that stands.
    pub off: Option<Off>,
    /// It was up, was set down and set up again: without a carrier from this time on it is down by a fault.
    owed_ns: Option<i64>,
    /// `link_down_events` as last read, and downs known at that time.
    counter: Option<i64>,
    seen_since_counter: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Off {
    pub change: PortChange,
    pub since_ns: i64,
    /// The link was up until then.
    pub was_up: bool,
}

impl Link {
    pub fn tell(&mut self, ts_ns: i64, up: bool) {
        if (self.up.is_some() || self.off.is_some()) && ts_ns < self.since_ns {
            return; // older than what is known
        }
        // A port that is set down has no carrier, and what still said so had not heard of it.
        let is_stale = |off: Off| off.change == PortChange::AdminDown && (!up || ts_ns < off.since_ns + NEAR_NS);
        if self.off.is_some_and(is_stale) {
            return;
        }
        if let Some(off) = self.off.take().filter(|off| !up && off.was_up) {
            self.owed_ns = Some(off.since_ns.max(ts_ns) + TRAINING_NS);
        }
        if self.up == Some(true) && !up {
            self.note_down(ts_ns);
            self.seen_since_counter += 1;
        }
        if up {
            self.owed_ns = None;
        }
        if self.up != Some(up) {
            (self.up, self.since_ns) = (Some(up), ts_ns);
        }
    }

    /// A reading of the cumulative down counter; it also tells of downs too short for the state to show. Drivers count one
    /// when an interface is set down, and some when it is set up.
    pub fn tell_counter(&mut self, ts_ns: i64, count: i64) {
        if let Some(before) = self.counter.filter(|_| self.off.is_none() && self.owed_ns.is_none()) {
            for _ in 0..count.saturating_sub(before).saturating_sub(self.seen_since_counter).clamp(0, DOWNS as i64) {
                self.note_down(ts_ns);
            }
        }
        (self.counter, self.seen_since_counter) = (Some(count), 0);
    }

    /// Somebody did something to the interface.
    pub fn tell_change(&mut self, ts_ns: i64, change: PortChange) {
        if (self.up.is_some() || self.off.is_some()) && ts_ns < self.since_ns {
            return;
        }
        let lost_with_it = self.forgive(ts_ns);
        let was_up = self.off.map_or(self.up == Some(true) || lost_with_it, |off| off.was_up);
        let is_back = change == PortChange::AdminUp;
        if is_back && self.off.is_none() {
            return; // told twice
        }
        self.owed_ns = (is_back && was_up).then_some(ts_ns + TRAINING_NS);
        self.off = (!is_back).then_some(Off { change, since_ns: ts_ns, was_up });
        (self.up, self.since_ns) = (None, ts_ns);
    }

    /// The far end was set down at that time, or is: what this end lost since is no fault of its own. It is owed a carrier
    /// from when the far end is up again and has had its time.
    pub fn excuse(&mut self, since_ns: i64, now_ns: i64) {
        self.forgive(since_ns);
        if self.up == Some(false) && self.since_ns >= since_ns - NEAR_NS {
            self.owed_ns = Some(now_ns + TRAINING_NS);
        }
    }

    /// Downs from shortly before that time on are taken back; true when there were any.
    fn forgive(&mut self, since_ns: i64) -> bool {
        let before = self.downs.len();
        self.downs.retain(|down| *down < since_ns - NEAR_NS);
        self.downs.len() < before
    }

    /// Down by a fault: without a carrier after having had one, and nobody's doing.
    pub fn is_down(&self, now_ns: i64) -> bool {
        self.up == Some(false) && self.owed_ns.map_or(!self.downs.is_empty(), |owed| now_ns >= owed)
    }

    pub fn is_admin_down(&self) -> bool {
        self.off.is_some_and(|off| off.change == PortChange::AdminDown)
    }

    fn note_down(&mut self, ts_ns: i64) {
        push(&mut self.downs, ts_ns, DOWNS);
    }

    pub fn restart_counter(&mut self) {
        (self.counter, self.seen_since_counter) = (None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    /// What is told of a link.
    #[derive(Clone, Copy, Debug)]
    enum Say {
        Up,
        Down,
        Count(i64),
        Did(PortChange),
        /// The far end has been set down since this second.
        FarDown(i64),
    }
    use PortChange::{AdminDown, AdminUp, Moved, Removed, Renamed};
    use Say::{Count, Did, Down, FarDown, Up};

    fn told(says: &[(i64, Say)]) -> Link {
        let mut link = Link::default();
        for &(second, say) in says {
            let ts_ns = second * S;
            match say {
                Up | Down => link.tell(ts_ns, matches!(say, Up)),
                Count(count) => link.tell_counter(ts_ns, count),
                Did(change) => link.tell_change(ts_ns, change),
                FarDown(since) => link.excuse(since * S, ts_ns),
            }
        }
        link
    }

    /// Story, second at which it is asked, down by a fault?, downs remembered.
    type Row = (&'static str, &'static [(i64, Say)], i64, bool, usize);

    #[test]
    fn carrier_loss_is_a_fault_and_what_somebody_does_is_none() {
        let table: &[Row] = &[
            ("carrier lost", &[(1, Up), (9, Down)], 9, true, 1),
            ("never up", &[(1, Down)], 9, false, 0),
            ("lost and found", &[(1, Up), (9, Down), (11, Up)], 11, false, 1),
            ("set down", &[(1, Up), (9, Did(AdminDown))], 60, false, 0),
            ("set down, and its state says so too", &[(1, Up), (9, Did(AdminDown)), (10, Down)], 60, false, 0),
            (
                "its down counter counts that",
                &[(1, Up), (1, Count(4)), (9, Did(AdminDown)), (10, Count(5))],
                60,
                false,
                0,
            ),
            ("carrier went a moment before", &[(1, Up), (9, Down), (10, Did(AdminDown))], 60, false, 0),
            ("broken, later set down", &[(1, Up), (9, Down), (30, Did(AdminDown))], 60, false, 1),
            (
                "broken, set down and up: still broken",
                &[(1, Up), (9, Down), (30, Did(AdminDown)), (32, Did(AdminUp)), (33, Down)],
                33,
                true,
                1,
            ),
            ("set up again, training", &[(1, Up), (9, Did(AdminDown)), (20, Did(AdminUp)), (21, Down)], 49, false, 0),
            ("set up again, no carrier", &[(1, Up), (9, Did(AdminDown)), (20, Did(AdminUp)), (21, Down)], 50, true, 0),
            (
                "set down, and a reading that is late",
                &[(1, Up), (9, Did(AdminDown)), (10, Up), (11, Down)],
                60,
                false,
                0,
            ),
            ("set up again unheard", &[(1, Up), (9, Did(AdminDown)), (20, Up), (40, Down)], 60, true, 1),
            ("set up again, carrier", &[(1, Up), (9, Did(AdminDown)), (20, Did(AdminUp)), (26, Up)], 90, false, 0),
            (
                "counted while training",
                &[
                    (1, Up),
                    (1, Count(4)),
                    (9, Did(AdminDown)),
                    (20, Did(AdminUp)),
                    (21, Count(7)),
                    (26, Up),
                    (27, Count(7)),
                ],
                90,
                false,
                0,
            ),
            (
                "and lost after that",
                &[(1, Up), (9, Did(AdminDown)), (20, Did(AdminUp)), (26, Up), (40, Down)],
                40,
                true,
                1,
            ),
            (
                "set down, told twice",
                &[(1, Up), (9, Did(AdminDown)), (9, Did(AdminDown)), (20, Did(AdminUp)), (21, Down)],
                50,
                true,
                0,
            ),
            (
                "set up, told twice",
                &[(1, Up), (9, Did(AdminDown)), (20, Did(AdminUp)), (26, Up), (27, Did(AdminUp))],
                99,
                false,
                0,
            ),
            ("removed", &[(1, Up), (9, Did(Removed))], 99, false, 0),
            ("carrier lost, then removed", &[(1, Up), (9, Down), (9, Did(AdminDown)), (9, Did(Removed))], 99, false, 0),
            ("removed, and back with a carrier", &[(1, Up), (9, Did(Removed)), (12, Up)], 99, false, 0),
            ("removed, and back without", &[(1, Up), (9, Did(Removed)), (12, Down)], 42, true, 0),
            ("moved away", &[(1, Up), (9, Did(Moved))], 99, false, 0),
            ("renamed", &[(1, Up), (9, Did(Renamed))], 99, false, 0),
            ("the far end is set down", &[(1, Up), (9, Down), (9, FarDown(9)), (10, FarDown(9))], 10, false, 0),
            ("the far end is up again, and nothing comes", &[(1, Up), (9, Down), (9, FarDown(9))], 39, true, 0),
            ("broken before the far end was set down", &[(1, Up), (3, Down), (9, FarDown(9))], 10, true, 1),
            ("older than what is known", &[(1, Up), (9, Did(AdminDown)), (8, Down), (7, Did(AdminUp))], 60, false, 0),
        ];
        for (story, says, asked, down, downs) in table {
            let link = told(says);
            assert_eq!((link.is_down(asked * S), link.downs.len()), (*down, *downs), "{story}: {link:?}");
        }
    }
}
