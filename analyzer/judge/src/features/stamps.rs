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
