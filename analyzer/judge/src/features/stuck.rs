//! Ports that stand still: held by pauses for all of the time between two readings, with something to send.
//!
//! ```text
//! agg-2 Ethernet0      sent, Gbit/s    71.4   75.1   97.4    0      0      0       stands still since the third second
//!                      held, ms a s    0      0      425     998    1001   998     (its interval begins with the reading before)
//!                      waiting, kB     0      648    1085    1172   1172   1172
//! ```
//! A port that is held for the part h of an interval can send for 1 − h of it at most, so that a held port is told by both: the
//! time for which it was held, and that it sent no more than what this leaves room for. Other traffic classes, which nobody
//! holds, carry the words of routing protocols, some thousand bytes a second, and no job.
//!
//! A healthy port stands still for no longer than the switch behind it needs to empty a buffer. What it means that several do is
//! for `detect/pfc_deadlock` to say. Nothing is kept of ports that do not stand still: 32 bytes of each that does.

use super::past::Hot;
use super::port::PortState;

/// Of an interval, the part for which a port is held at least, to have been held for all of it: counters of pauses are cut
/// off to µs or to quanta of 512 bits, and are not read in the same moment as those of bytes.
const HELD: f64 = 0.99;

/// What an interval says of a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stood {
    /// For all of it, which began then, ns.
    Still(i64),
    Moved,
    /// It was not read, or its pauses were not.
    Unknown,
}

impl PortState {
    /// Of a tick whose readings have been taken in. `waits`: what its queue held at the last reading, where that is told.
    pub fn stood(&self, tick: i64, planned_bps: Option<i64>, waits: Option<f32>) -> Stood {
        let Some((sent, length_ns, last)) =
            self.moved(tick).and_then(|moved| Some((moved.sent?, moved.length_ns, self.last?)))
        else {
            return Stood::Unknown;
        };
        let room = planned_bps.map_or(0.0, |bps| bps as f64 / 8.0 * length_ns as f64 / 1e9 * (1.0 - HELD));
        if sent < 0 || !self.heat.tells(Hot::Held) {
            return if sent as f64 > room { Stood::Moved } else { Stood::Unknown };
        }
        let is_held = f64::from(self.paused_us) * 1e3 >= HELD * length_ns as f64;
        let is_still = is_held && sent as f64 <= room && waits.is_none_or(|waits| waits > 0.0);
        if is_still { Stood::Still(last.ts_ns - length_ns) } else { Stood::Moved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::health::HealthColumns;
    use crate::features::port::Setting;
    use crate::features::sample::Sample;
    use crate::testkit::told;
    use nonmax::NonMaxI64;

    const SECOND: i64 = 1_000_000_000;
    const BPS: i64 = 100_000_000_000;

    /// A port that sent so many bytes within a second, and was held for so many ms of it; `None`: no pauses are counted.
    fn stood(sent: i64, held_ms: Option<f64>, waits: Option<f32>) -> Stood {
        let mut port = PortState::default();
        let setting = Setting { bin_ns: SECOND, tick_ns: SECOND, told_ns: SECOND, planned_bps: Some(BPS) };
        for tick in 1..=2 {
            port.begin_tick();
            let us = held_ms.map(|ms| 7e6 + if tick == 2 { ms * 1e3 } else { 0.0 });
            if let Some(health) = us.and_then(|us| HealthColumns::of(&told(&[("rx_pause_us", us)])).row(0)) {
                _ = port.update_health(tick * SECOND, health);
            }
            port.begin_readings(tick);
            let tx_bytes = NonMaxI64::new(5_000 + if tick == 2 { sent } else { 0 });
            port.update_traffic(Sample { ts_ns: tick * SECOND, tx_bytes, ..Sample::default() }, setting);
        }
        port.stood(2, setting.planned_bps, waits)
    }

    #[test]
    fn a_port_stands_still_that_is_held_all_the_time_and_sends_nothing_of_what_waits() {
        let still = Stood::Still(SECOND);
        for (sent, held_ms, waits, expected) in [
            (0, Some(999.0), Some(1e6), still),
            (0, Some(991.0), None, still),
            // What routing protocols say in a class of their own.
            (40_000, Some(1_000.0), Some(1e6), still),
            (0, Some(980.0), Some(1e6), Stood::Moved),
            (0, Some(1_000.0), Some(0.0), Stood::Moved),
            (200_000_000, Some(1_000.0), Some(1e6), Stood::Moved),
            (0, Some(0.0), Some(1e6), Stood::Moved),
            (0, None, Some(1e6), Stood::Unknown),
            (200_000_000, None, Some(1e6), Stood::Moved),
        ] {
            assert_eq!(stood(sent, held_ms, waits), expected, "{sent} bytes, {held_ms:?} ms, {waits:?} wait");
        }
    }
}
