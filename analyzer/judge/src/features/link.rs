//! The state of a link: up or down, since when, how often it went down, and what somebody did to its interface.
//!
//! ```text
//!                 carrier lost                       set up again, removed and back
//!    up ─────────────────────────► down       off ─────────────────────────────────► unknown, carrier owed
//!     ▲        carrier found        │          ▲                                          │
//!     ├─────────────────────────────┘          │ set down, removed, moved, renamed        │ carrier found
//!     └────────────────────────────────────────┴──────────────────────────────────────────┘ up
//! ```
//! A link that loses its carrier while its interface is up has a fault. What somebody does to the interface is none: the
//! interface's carrier goes with it, and the far end may lose its own by that. Example: `ip link set eth0 down` at 12:00:00,
//! the switch's port is without a carrier at 12:00:01; neither end went down by a fault. At 12:05:00 eth0 is set up again:
//! both ends have 30 s to find a carrier, and are down by a fault if they do not.

use super::downs::Downs;
use super::{Count, packed};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};
use weft_wire::PortChange;

/// The shortest time from one loss of the carrier to the next: a receiver says that its signal is lost and found again
/// within 0.1 s each (SFF-8636, LOS assert and deassert), and lanes train for 0.5 s (IEEE 802.3, clause 72: max_wait_timer).
const SHORTEST_CYCLE_NS: i64 = 1_000_000_000;
/// A source may refresh the count of downs as seldom as this, and one reading then shows what happened in all that time: the
/// slowest port counters that are known are refreshed every 10 s (`reference/counters.md`).
const SLOWEST_REFRESH_NS: i64 = 10_000_000_000;
/// A carrier that was lost this shortly before its interface was set down or removed was lost by that: the kernel says the two
/// one after the other, and of the two ends of a veth in either order. Readings of the carrier are up to a second old.
const NEAR_NS: i64 = 2_000_000_000;
/// An interface that is set up again finds its carrier within this time: optics of 400 Gbit/s train for up to some 20 s.
const TRAINING_NS: i64 = 30_000_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Link {
    pub up: Option<bool>,
    pub since_ns: i64,
    /// The downs seen or counted.
    pub downs: Downs,
    /// What somebody did to the interface, until the interface is back.
    pub off: Option<Off>,
    /// It has had a carrier at least once.
    pub seen_up: bool,
    /// A carrier is owed by this time: without one from then on the link is down by a fault. Only of links that had a carrier
    /// before somebody set them down, or that the plan has a cable for.
    #[serde(with = "packed::count")]
    owed_ns: Count,
    /// `link_down_events` as last read, with the time of that reading.
    down_events: Option<(i64, i64)>,
    /// Downs that the state showed since that reading: the next one counts them too.
    seen_since_reading: u32,
}

/// An interface that somebody set down, removed, moved or renamed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Off {
    pub change: PortChange,
    pub since_ns: i64,
    /// The link had a carrier until then.
    pub was_up: bool,
}

impl Link {
    /// The plan has a cable here: when the link is first told of it is owed a carrier, and one that does not come within
    /// the time that optics need to train is missing.
    pub fn expect_carrier(&mut self, ts_ns: i64) {
        if self.up.is_none() && self.off.is_none() && !self.seen_up {
            self.owed_ns = self.owed_ns.or(NonMaxI64::new(ts_ns + TRAINING_NS));
        }
    }

    /// Takes in that the link has a carrier or none, from an event or from a reading of its state.
    pub fn update_carrier(&mut self, ts_ns: i64, up: bool) {
        if up && self.up == Some(true) {
            return; // what is known already
        }
        if (self.up.is_some() || self.off.is_some()) && ts_ns < self.since_ns {
            return; // older than what is known
        }
        // A port that is set down has no carrier. A reading that still says it has one is older than that.
        let is_stale = |off: Off| off.change == PortChange::AdminDown && (!up || ts_ns < off.since_ns + NEAR_NS);
        if self.off.is_some_and(is_stale) {
            return;
        }
        if let Some(off) = self.off.take().filter(|off| !up && off.was_up) {
            self.owed_ns = NonMaxI64::new(off.since_ns.max(ts_ns) + TRAINING_NS);
        }
        if self.up == Some(true) && !up {
            self.downs.note(ts_ns, 1);
            self.seen_since_reading += 1;
        }
        if up {
            (self.owed_ns, self.seen_up) = (None, true);
        }
        if self.up != Some(up) {
            (self.up, self.since_ns) = (Some(up), ts_ns);
        }
    }

    /// Takes in a reading of the cumulative count of downs, which also counts those too short for the state to show.
    /// Drivers count one when an interface is set down, and some when it is set up: those are no faults. A count that rose by
    /// more than a link can go down since the last reading belongs to another machine, a clone or a replacement of the
    /// first: from 4 to 57 within a second, where 1 + (1 s + 10 s) / 1 s = 12 is the most.
    pub fn update_down_events(&mut self, ts_ns: i64, count: i64) {
        let last = self.down_events.filter(|_| self.off.is_none() && self.owed_ns.is_none());
        if let Some((last_ns, last_count)) = last {
            let rise = count.saturating_sub(last_count);
            let most = 1 + (ts_ns.saturating_sub(last_ns).max(0) + SLOWEST_REFRESH_NS) / SHORTEST_CYCLE_NS;
            if rise <= most {
                self.downs.note(ts_ns, (rise - i64::from(self.seen_since_reading)).max(0) as u32);
            }
        }
        (self.down_events, self.seen_since_reading) = (Some((ts_ns, count)), 0);
    }

    /// Somebody did something to the interface.
    pub fn update_interface(&mut self, ts_ns: i64, change: PortChange) {
        if (self.up.is_some() || self.off.is_some()) && ts_ns < self.since_ns {
            return;
        }
        let lost_with_it = self.forgive(ts_ns);
        let was_up = self.off.map_or(self.up == Some(true) || lost_with_it, |off| off.was_up);
        let is_back = change == PortChange::AdminUp;
        if is_back && self.off.is_none() {
            return; // said twice
        }
        self.owed_ns = NonMaxI64::new(ts_ns + TRAINING_NS).filter(|_| is_back && was_up);
        self.off = (!is_back).then_some(Off { change, since_ns: ts_ns, was_up });
        (self.up, self.since_ns) = (None, ts_ns);
    }

    /// The far end has been set down since a moment: what this end lost from then on is no fault of its own. A carrier is owed
    /// once the far end is up again and has had its time to train.
    pub fn excuse(&mut self, since_ns: i64, now_ns: i64) {
        self.forgive(since_ns);
        if self.up == Some(false) && self.since_ns >= since_ns - NEAR_NS {
            self.owed_ns = NonMaxI64::new(now_ns + TRAINING_NS);
        }
    }

    /// Takes back the downs from shortly before that time on; true when there were any.
    fn forgive(&mut self, since_ns: i64) -> bool {
        self.downs.take_back(since_ns - NEAR_NS)
    }

    /// Down by a fault: the link lost its carrier, or does not find the one that is owed, and nobody set it down.
    pub fn is_down(&self, now_ns: i64) -> bool {
        self.up == Some(false) && self.owed_ns.map_or(!self.downs.is_empty(), |owed| now_ns >= owed.get())
    }

    /// Nothing is to be said of the link: as far as is known it is not down, it has not gone down since a moment, and nobody
    /// did anything to its interface. Almost all links of a fabric are settled at almost all times.
    pub fn is_settled(&self, since_ns: i64) -> bool {
        self.up != Some(false) && self.off.is_none() && self.downs.last_ns().is_none_or(|down_ns| down_ns < since_ns)
    }

    pub fn is_admin_down(&self) -> bool {
        self.off.is_some_and(|off| off.change == PortChange::AdminDown)
    }

    /// How often the link went down within so long before a moment, up to six hours.
    pub fn downs_within(&self, span_ns: i64, now_ns: i64) -> usize {
        self.downs.since(now_ns.saturating_sub(span_ns))
    }

    /// The count of downs begins anew.
    pub fn restart_down_events(&mut self) {
        (self.down_events, self.seen_since_reading) = (None, 0);
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
                Up | Down => link.update_carrier(ts_ns, matches!(say, Up)),
                Count(count) => link.update_down_events(ts_ns, count),
                Did(change) => link.update_interface(ts_ns, change),
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
            ("a down too short to be seen", &[(1, Up), (1, Count(4)), (2, Count(5))], 2, false, 1),
            ("counted and seen", &[(1, Up), (1, Count(4)), (2, Down), (3, Count(5))], 3, true, 1),
            ("more than are seen", &[(1, Up), (1, Count(4)), (11, Count(24))], 11, false, 20),
            ("the count of another machine", &[(1, Up), (1, Count(4)), (2, Count(57))], 2, false, 0),
            ("and its own from there on", &[(1, Up), (1, Count(4)), (2, Count(57)), (3, Count(58))], 3, false, 1),
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
            assert_eq!((link.is_down(asked * S), link.downs.since(0)), (*down, *downs), "{story}: {link:?}");
        }
    }

    #[test]
    fn a_link_is_settled_unless_it_is_down_was_down_of_late_or_somebody_did_something() {
        /// Story, second from which on it is asked, settled?
        type Row = (&'static str, &'static [(i64, Say)], i64, bool);
        let table: &[Row] = &[
            ("nothing is known", &[], 9, true),
            ("up", &[(1, Up)], 9, true),
            ("dark by design, and looked at", &[(1, Down)], 9, false),
            ("down", &[(1, Up), (9, Down)], 9, false),
            ("down and up again in this tick", &[(1, Up), (9, Down), (9, Up)], 9, false),
            ("down and up again before", &[(1, Up), (7, Down), (8, Up)], 9, true),
            ("a down that was only counted", &[(1, Up), (1, Count(4)), (9, Count(5))], 9, false),
            ("set down", &[(1, Up), (2, Did(AdminDown))], 9, false),
            ("set up, not yet with a carrier", &[(1, Up), (2, Did(AdminDown)), (3, Did(AdminUp))], 9, true),
        ];
        for (story, says, since, settled) in table {
            assert_eq!(told(says).is_settled(since * S), *settled, "{story}");
        }
    }
}
