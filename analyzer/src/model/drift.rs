//! Conservation along a cable: packets one end sent less packets the other received.
//!
//! The two ends are never read at the same instant, so the difference wobbles with the traffic; but it comes back. Only
//! loss makes it grow. Per tick the middle difference of its readings is kept: where the traffic rests for a moment, that
//! is exact.

use super::sample::Sample;
use std::collections::VecDeque;

/// Ticks kept.
pub const TICKS: usize = 32;

/// One tick of one direction of a cable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    pub tick: i64,
    pub mid: f64,
    /// Packets sent so far (cumulative) at the tick's last reading.
    pub sent: i64,
}

#[derive(Clone, Debug, Default)]
pub struct Conservation {
    pub ring: VecDeque<Drift>,
}

impl Conservation {
    /// `sender` and `receiver` are the readings of this tick, each with the last one before it in front.
    pub fn tell(&mut self, tick: i64, sender: &[Sample], receiver: &[Sample]) {
        let Some(first) = sender.first().map(|s| s.ts_ns) else { return };
        let mut differences: Vec<f64> = sender
            .iter()
            .filter(|s| sender.len() == 1 || s.ts_ns > first)
            .filter_map(|s| Some(s.tx_packets? as f64 - received_at(receiver, s.ts_ns)?))
            .collect();
        let sent = sender.iter().rev().find_map(|s| s.tx_packets);
        let (false, Some(sent)) = (differences.is_empty(), sent) else { return };
        differences.sort_by(f64::total_cmp);
        if self.ring.len() >= TICKS {
            self.ring.pop_front();
        }
        self.ring.push_back(Drift { tick, mid: differences[differences.len() / 2], sent });
    }

    pub fn restart(&mut self) {
        self.ring.clear();
    }
}

/// Cumulative received packets at a moment between two readings, by interpolation; `None` outside them.
fn received_at(readings: &[Sample], ts_ns: i64) -> Option<f64> {
    let after = readings.iter().position(|r| r.ts_ns >= ts_ns)?;
    let (b, rb) = (readings[after].ts_ns, readings[after].rx_packets? as f64);
    if b == ts_ns {
        return Some(rb);
    }
    let before = &readings[after.checked_sub(1)?];
    let (a, ra) = (before.ts_ns, before.rx_packets? as f64);
    Some(ra + (rb - ra) * (ts_ns - a) as f64 / (b - a) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ts_ns: i64, tx: i64, rx: i64) -> Sample {
        Sample { ts_ns, tx_packets: Some(tx), rx_packets: Some(rx), ..Sample::default() }
    }

    #[test]
    fn readings_at_other_instants_are_interpolated() {
        let mut conservation = Conservation::default();
        let sender = [sample(0, 0, 0), sample(100, 1000, 0), sample(200, 2000, 0)];
        let receiver = [sample(-50, 0, -500), sample(50, 0, 500), sample(150, 0, 1500), sample(250, 0, 2500)];
        conservation.tell(1, &sender, &receiver);
        let drift = conservation.ring[0];
        assert_eq!((drift.mid, drift.sent), (0.0, 2000));
    }
}
