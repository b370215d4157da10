//! How much of its time a node's work stood still, tick by tick: tasks that waited for CPU, memory or disk (PSI `some`,
//! Documentation/accounting/psi.rst), and GPUs that idled.

use crate::fabric::TickBatch;
use arraydeque::{ArrayDeque, behavior::Wrapping};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use serde::{Deserialize, Serialize};
use weft_wire::TableSchema;

/// The counters of the `host` table it reads, µs stood still; after them [`IDLE`].
pub const PRESSURE: [&str; 3] = ["cpu_pressure_us", "memory_pressure_us", "io_pressure_us"];
/// The gauge of the `gpu` table.
pub const UTILIZATION: &str = "utilization_percent";
/// Its place among the shares: the part of the time that the node's GPUs, on average, idled.
pub const IDLE: usize = PRESSURE.len();
const KINDS: usize = IDLE + 1;
/// Ticks kept.
const TICKS: usize = 40;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stalls {
    #[serde(with = "super::packed::ring")]
    ring: ArrayDeque<Shares, TICKS, Wrapping>,
    last: [Option<(i64, i64)>; PRESSURE.len()],
}

/// Of one tick, the share of time by kind, 0 to 1; NaN where it was not told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Shares {
    tick: i64,
    of: [f32; KINDS],
    gpus: u16,
}

impl Stalls {
    /// A cumulative reading of one kind of pressure.
    pub fn tell_pressure(&mut self, tick: i64, kind: usize, ts_ns: i64, stood_us: i64) {
        let before = self.last[kind].replace((ts_ns, stood_us));
        let Some((last_ns, last_us)) = before.filter(|b| ts_ns > b.0 && stood_us >= b.1) else { return };
        let share = stood_us.saturating_sub(last_us) as f64 * 1e3 / (ts_ns - last_ns) as f64;
        self.at(tick).of[kind] = share.clamp(0.0, 1.0) as f32;
    }

    /// The utilisation of one of its GPUs, in percent; those of a tick are averaged.
    pub fn tell_utilization(&mut self, tick: i64, percent: f64) {
        let shares = self.at(tick);
        let (mean, gpus) = (&mut shares.of[IDLE], &mut shares.gpus);
        *gpus = gpus.saturating_add(1);
        let idle = (1.0 - percent / 100.0).clamp(0.0, 1.0) as f32;
        *mean = if *gpus == 1 { idle } else { *mean + (idle - *mean) / f32::from(*gpus) };
    }

    fn at(&mut self, tick: i64) -> &mut Shares {
        if self.ring.back().is_none_or(|s| s.tick != tick) {
            self.ring.push_back(Shares { tick, of: [f32::NAN; KINDS], gpus: 0 });
        }
        self.ring.back_mut().expect("pushed above")
    }

    /// The mean share of each kind over the ticks after `tick`; NaN where fewer than `least` of them told it.
    pub fn after(&self, tick: i64, least: usize) -> [f64; KINDS] {
        std::array::from_fn(|kind| {
            let told = self.ring.iter().filter(|s| s.tick > tick).map(|s| f64::from(s.of[kind]));
            let (sum, n) = told.filter(|v| !v.is_nan()).fold((0.0, 0), |(sum, n), v| (sum + v, n + 1));
            if n >= least { sum / f64::from(n as u32) } else { f64::NAN }
        })
    }

    /// The first tick of those up to the newest whose share never fell below `level`, and how many told ones came before.
    pub fn since(&self, kind: usize, level: f64) -> Option<(i64, usize)> {
        let told = self.ring.iter().filter(|s| !s.of[kind].is_nan());
        let high = told.clone().rev().take_while(|s| f64::from(s.of[kind]) >= level);
        let (first, n) = high.fold((None, 0), |(_, n), s| (Some(s.tick), n + 1));
        Some((first?, told.count() - n))
    }
}

/// Hands each row's reading of a column to `told`, with its number and time.
pub fn read(batch: &TickBatch, counter: &str, mut told: impl FnMut(usize, i64, f64)) {
    let Some(column) = batch.schema.column(counter).map(|c| batch.batch.column(c + TableSchema::KEYS)) else { return };
    let times = batch.batch.column(1).as_primitive::<Int64Type>();
    let ints = column.as_primitive_opt::<Int64Type>();
    let floats = column.as_primitive_opt::<Float64Type>();
    for row in (0..column.len()).filter(|&row| column.is_valid(row)) {
        let value = ints.map(|c| c.value(row) as f64).or_else(|| floats.map(|c| c.value(row)));
        if let Some(value) = value {
            told(row, times.value(row), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_the_share_of_the_time_between_two_readings() {
        let mut stalls = Stalls::default();
        for (tick, us) in [(10, 0), (11, 20_000), (12, 420_000), (13, 900_000)] {
            stalls.tell_pressure(tick, 0, tick * 1_000_000_000, us);
        }
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(stalls.after(11, 2)[0], 0.44), "{stalls:?}");
        assert!(stalls.after(11, 3)[0].is_nan() && stalls.after(11, 1)[1].is_nan());
        assert_eq!(stalls.since(0, 0.3), Some((12, 1)));
        assert_eq!(stalls.since(0, 0.5), None);
    }

    #[test]
    fn a_restarted_counter_tells_nothing_and_gpus_are_averaged() {
        let mut stalls = Stalls::default();
        stalls.tell_pressure(1, 2, 1_000_000_000, 500_000);
        stalls.tell_pressure(2, 2, 2_000_000_000, 0);
        [100.0, 40.0].into_iter().for_each(|percent| stalls.tell_utilization(2, percent));
        let shares = stalls.after(1, 1);
        assert!(shares[2].is_nan() && (shares[IDLE] - 0.3).abs() < 1e-6, "{shares:?}");
    }
}
