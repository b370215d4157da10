//! How much of the time a node's work stood still, tick by tick.
//!
//! The kernel counts the µs in which at least one task waited for a CPU, for memory or for a disk (PSI `some`,
//! Documentation/accounting/psi.rst). The share of the time between two readings is
//!
//! ```text
//! share  =  µs more / µs between the two readings          20,000 → 420,000 within 1 s: 0.40
//! ```
//! Of GPUs the share is the part of the time that they idled, as the mean over the node's GPUs: of two GPUs used to 100 %
//! and 40 % it is 0.30.

use super::readings::{Read, Readings};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use weft_wire::Table;

/// What is read: three counts of µs that tasks stood still, and the utilisation of each GPU in percent.
pub const READS: [Read; 4] = [
    (Table::Host, "cpu_pressure_us"),
    (Table::Host, "memory_pressure_us"),
    (Table::Host, "io_pressure_us"),
    (Table::Gpu, "utilization_percent"),
];
/// The counts of pressure, in the order of the shares; after them comes the share of [`IDLE`].
pub const PRESSURE: [&str; 3] = [READS[0].1, READS[1].1, READS[2].1];
pub const UTILIZATION: &str = READS[IDLE].1;
/// The place among the shares of the part of the time that the GPUs idled.
pub const IDLE: usize = PRESSURE.len();
const KINDS: usize = IDLE + 1;
/// Ticks kept: at 1 s a tick as far back as a job's speed is compared (`SHORTLY_NS`, 40 s), for the two are held against each
/// other.
const TICKS: usize = 40;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stalls {
    #[serde(with = "super::packed::ring")]
    ring: ArrayDeque<Shares, TICKS, Wrapping>,
}

/// The shares of one tick by kind, 0 to 1; NaN where nothing was read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Shares {
    tick: i64,
    of: [f32; KINDS],
    gpus: u16,
}

impl Stalls {
    /// Its GPUs tell how busy they are.
    pub fn tells_gpus(&self) -> bool {
        self.ring.iter().any(|shares| !shares.of[IDLE].is_nan())
    }

    /// Takes in what was read of a node in this tick: of each kind of pressure the share of the time between two readings
    /// (420,000 µs more in 1 s: 0.42), and of its GPUs the mean of the time that they idled.
    pub fn update(&mut self, tick: i64, node: &str, readings: &Readings) {
        for (kind, &read) in READS[..IDLE].iter().enumerate() {
            for (_, reading) in readings.of_device(node, read) {
                if let Some(stood_us) = reading.rise() {
                    let share = stood_us * 1e3 / reading.interval_ns as f64;
                    self.at(tick).of[kind] = share.clamp(0.0, 1.0) as f32;
                }
            }
        }
        for (_, reading) in readings.of_device(node, READS[IDLE]).filter(|(_, reading)| reading.is_told()) {
            self.add_gpu(tick, reading.value);
        }
    }

    /// The utilisation of one of the node's GPUs, in percent; those of a tick are averaged.
    fn add_gpu(&mut self, tick: i64, percent: f64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    use crate::features::readings::tests::Told;

    /// The stalls of a node that tells this in ticks of a second, in order of [`READS`].
    fn told(ticks: &[(i64, &[(usize, f64)])]) -> Stalls {
        let (mut stalls, mut told) = (Stalls::default(), Told::asked(&READS));
        for (tick, values) in ticks {
            let rows = values.iter().enumerate().map(|(row, &(kind, value))| (READS[kind], row, value));
            told.tick(*tick, &rows.collect::<Vec<_>>());
            stalls.update(*tick, "h0", &told.readings);
        }
        stalls
    }

    #[test]
    fn pressure_is_the_share_of_the_time_between_two_readings() {
        let stalls = told(&[(10, &[(0, 0.0)]), (11, &[(0, 20e3)]), (12, &[(0, 420e3)]), (13, &[(0, 900e3)])]);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(stalls.after(11, 2)[0], 0.44), "{stalls:?}");
        assert!(stalls.after(11, 3)[0].is_nan() && stalls.after(11, 1)[1].is_nan());
        assert_eq!(stalls.since(0, 0.3), Some((12, 1)));
        assert_eq!(stalls.since(0, 0.5), None);
    }

    #[test]
    fn a_restarted_counter_tells_nothing_and_gpus_are_averaged() {
        let stalls = told(&[(1, &[(2, 500e3)]), (2, &[(2, 0.0), (3, 100.0), (3, 40.0)])]);
        let shares = stalls.after(1, 1);
        assert!(shares[2].is_nan() && (shares[IDLE] - 0.3).abs() < 1e-6, "{shares:?}");
    }
}
