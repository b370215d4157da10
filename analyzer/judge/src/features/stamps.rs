//! Whether wrong stamps alone can show a loss on a cable.
//!
//! A source that refreshes its counts every P seconds hands out counts that are up to P older than the stamp of the
//! reading. Where the readings come a little slower than the refreshes, the age grows from reading to reading, and packets
//! seem to vanish at the end whose counts grow old:
//!
//! ```text
//! refreshed at          0        10        20        30            s
//! read at               0         10.7      21.4      32.1         every 10.7 s
//! age of the count      0          0.7       1.4       2.1         0.7 s of the traffic is missing at each reading:
//!                                                                  0.7 / 10.7 = 6.5 % are "lost", until the age falls back
//! ```
//! How often a source refreshes is mostly not known, but two things are:
//!
//! 1. All counts of an end are as old as each other. What an old end seems to receive too little, it seems to send too much
//!    later: packets that vanish on the way there by a growing age of the receiver's counts appear on the way back, by the
//!    same part of that way's traffic. If nothing appears there, the packets are lost.
//! 2. A reading shows all that came since the refresh before, so that no count is older than the packets that its largest
//!    step brought. Of both ends together, stamps can hide no more than their two largest steps.
//!
//! Example: 4,000 packets/s one way, nothing back, both ends read once a second. Stamps can hide 2 · 4,000 packets; a loss of
//! 25 % is believed when more than 8,000 packets are missing, after 8 s; a loss of 2 % is not believed within the 32 ticks
//! that are looked at. With as much traffic on the way back both are believed at once.

use super::clocks::Ways;

/// Packets that must be expected before it says anything that they are not there: by Poisson's law none of 8 come with a
/// probability of e⁻⁸ = 0.0003.
pub const EXPECTED: f64 = 8.0;

/// A loss that a way of a cable shows between two of its ticks.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub first_tick: i64,
    pub last_tick: i64,
    /// Packets missing for certain, and most likely.
    pub sure: f64,
    pub likely: f64,
    pub sent: f64,
}

/// `way`: 0 from end a to end b, 1 back.
pub fn can_show(ways: &Ways, way: usize, loss: Shown) -> bool {
    !way_back_excludes(ways, 1 - way, loss) && !amount_excludes(ways[way].largest_steps(), loss)
}

/// The way back shows less than half of the packets that would have to appear there.
fn way_back_excludes(ways: &Ways, back: usize, loss: Shown) -> bool {
    let Some((sure_lost, sent)) = ways[back].lost_within(loss.first_tick, loss.last_tick) else { return false };
    let appear = loss.likely / loss.sent.max(1.0) * sent;
    appear >= EXPECTED && sure_lost > -appear / 2.0
}

/// A receiver that counted nothing at all may not have been refreshed yet: its largest step is not known.
fn amount_excludes(largest_steps: f64, loss: Shown) -> bool {
    loss.sent - loss.likely >= EXPECTED && loss.sure > largest_steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Count, Sample, clocks};
    use nonmax::NonMaxI64;

    const SECOND: i64 = 1_000_000_000;
    const TICKS: i64 = 12;

    /// Packets a tick from a to b and back: sent, and of those lost.
    fn ways(there: [i64; 2], back: [i64; 2]) -> Ways {
        let count = |per_tick: i64, tick: i64| -> Count { NonMaxI64::new(1_000_000 + per_tick * tick) };
        let end = |sends: [i64; 2], receives: [i64; 2], tick: i64| {
            let (tx_packets, rx_packets) = (count(sends[0], tick), count(receives[0] - receives[1], tick));
            Sample { ts_ns: tick * SECOND, tx_packets, rx_packets, ..Sample::default() }
        };
        // The traffic rests for most of each tick, so that the reading in the middle of the rest is exact.
        let later = |sample: Sample, tenths: i64| Sample { ts_ns: sample.ts_ns + SECOND * tenths / 10, ..sample };
        let readings = |sends, receives, tick| {
            let now = end(sends, receives, tick);
            [later(end(sends, receives, tick - 1), 9), now, later(now, 5), later(now, 9)]
        };
        let mut ways = Ways::default();
        for tick in 1..=TICKS {
            clocks::update(&mut ways, tick, &readings(there, back, tick), &readings(back, there, tick), None);
        }
        ways
    }

    #[test]
    fn a_loss_is_believed_where_the_way_back_or_the_amount_excludes_stamps() {
        let table = [
            ("nothing comes back", [1_000, 20], [0, 0], true),
            ("the way back is sound", [1_000, 20], [1_000, 0], false),
            ("the way back is sound, and has a tenth of the traffic", [1_000, 20], [100, 0], false),
            ("the way back loses too", [1_000, 20], [1_000, 20], false),
            ("the way back gains as much", [1_000, 20], [1_000, -20], true),
            ("more is missing than two readings brought", [1_000, 300], [0, 0], false),
            ("the receiver has counted nothing yet", [1_000, 1_000], [0, 0], true),
        ];
        for (story, there, back, expected) in table {
            let [sent, lost] = there.map(|per_tick| (per_tick * (TICKS - 1)) as f64);
            let shown = Shown { first_tick: 1, last_tick: TICKS, sure: lost, likely: lost, sent };
            assert_eq!(can_show(&ways(there, back), 0, shown), expected, "{story}");
        }
    }
}
