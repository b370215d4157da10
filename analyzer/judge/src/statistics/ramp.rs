//! How surely a count grows steadily from some moment on, where it did not grow before.
//!
//! Counts that are read at moments which differ a little wander about: their noise is bounded, and is not known
//! beforehand. A steady growth has no bound.
//!
//! ```text
//!                                                     ▂▄▆█   block B0, the newest        differences of block means:
//!                                               ▂▄▆█  B1                                 B0−B1  B1−B2  B2−B3  B3−B4
//!                                         ▂▄▆█  B2                                       all four are great
//!  ▁▂▁▁▂▁▁▁▂▁▂▁▁▁▁▂▁▁▂▁▁▁▁▂▁▁▁▂▁▁▂▁▁▂▄▆█  B3                                       a step, wherever it lies, makes two of
//!  └── past: B6, B7 …, as long as now ──┘ B4                                             them great at the most
//! ```
//! The second smallest of the four differences must be beyond chance, so that a single event (a burst, a link that goes
//! down) is no growth. What chance makes is learned from the differences of the past, each as a part of what passed
//! meanwhile: x beyond their median, σ their scatter, N how many they are. Student's tail says how rarely chance gives
//! x: (N + 1)/2 · ln (1 + x² / Nσ²) nats, and two of the greater differences without a block in common say it twice. As
//! the noise is bounded, growth must also leave the range of all block means of the past, and half of it must be left
//! without its two greatest steps.
//!
//! Example: of 9,000 packets a second that a switch takes in, 24 vanish. With blocks of 8 readings the four differences
//! are 190 each. The last 9 of before were 4 to either side: 190 / 4 = 47 σ, and the evidence is 2 · 5 · ln (1 + 47² /
//! 9) = 55 nats. W. S. Gosset, *Biometrika* 6, 1908 (Student's t).

use super::median;

/// Readings a block. Shorter blocks see a traffic that changes its pattern for a few readings as growth: with 2
/// readings one of 33 recordings, whose ports were made to be read 0.3 of an interval apart, showed 103 nats, with 4
/// readings none 18.
const BLOCKS: [usize; 3] = [4, 8, 16];
/// The differences of now, and the one that lies between them and the past.
const NOW: usize = 4;
/// Differences of the past: with fewer than 8 Student's tail is so heavy that nothing is sure; 30 are nearly normal.
const LEAST_PAST: usize = 8;
const MOST_PAST: usize = 30;
/// Of what passes now, what must have passed meanwhile for a difference of the past to be compared: noise learned at
/// rest is no noise of traffic.
const COMPARABLE: f64 = 0.5;
/// The greatest deviation of the past is no rarer than three σ: of 30 normal values one in eleven times.
const GREATEST: f64 = 3.0;

/// Of a growth, what must be left without its two greatest steps. Of 20 equal steps 90 % is left.
const SPREAD: f64 = 0.5;

/// A reading: the count, and how much passed by then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub count: f64,
    pub passed: f64,
}

/// A growth, and the number of readings that show it: the newest so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    pub nats: f64,
    pub readings: usize,
}

/// The surest growth of the newest readings; `at` hands out readings by their age, 0 the newest, and `len` of them
/// there are. No more than the newest `most` readings may show it.
pub fn ramp(len: usize, most: usize, at: impl Fn(usize) -> Reading) -> Option<Ramp> {
    let of_width = |width: usize| {
        let readings = (NOW + 1) * width;
        let is_enough = readings <= most.min(len) && is_spread(readings, &at);
        let nats = is_enough.then(|| blocks(len, width, &at)).and_then(|blocks| nats(&blocks, width))?;
        Some(Ramp { nats: nats - (BLOCKS.len() as f64).ln(), readings })
    };
    let ramps = BLOCKS.into_iter().filter_map(of_width);
    ramps.filter(|ramp| ramp.nats > 0.0).max_by(|a, b| a.nats.total_cmp(&b.nats))
}

/// Half of the growth of these newest readings is left without its two greatest steps: two bursts are no growth either.
fn is_spread(readings: usize, at: &impl Fn(usize) -> Reading) -> bool {
    let growth = at(0).count - at(readings - 1).count;
    let step = |age: usize| at(age).count - at(age + 1).count;
    let greatest = (0..readings - 1).map(step).fold([0.0_f64; 2], |[first, second], step| match step > first {
        true => [step, first],
        false => [first, second.max(step)],
    });
    growth > 0.0 && growth - greatest[0] - greatest[1] >= growth * SPREAD
}

/// The means of the blocks, the newest first.
fn blocks(len: usize, width: usize, at: &impl Fn(usize) -> Reading) -> Vec<Reading> {
    let count = (len / width).min(NOW + 2 + MOST_PAST);
    let mean = |block: usize| {
        let sum = |of: fn(Reading) -> f64| (0..width).map(|i| of(at(block * width + i))).sum::<f64>() / width as f64;
        Reading { count: sum(|r| r.count), passed: sum(|r| r.passed) }
    };
    (0..count).map(mean).collect()
}

fn nats(blocks: &[Reading], width: usize) -> Option<f64> {
    let differences: Vec<Reading> = blocks
        .windows(2)
        .map(|w| Reading { count: w[0].count - w[1].count, passed: w[0].passed - w[1].passed })
        .collect();
    let (now, past) = (differences.get(..NOW)?, differences.get(NOW + 1..)?);
    let passes = now.iter().map(|d| d.passed).fold(0.0, f64::max);
    let is_comparable = |d: &&Reading| d.passed > passes * COMPARABLE;
    let mut past: Vec<f64> = past.iter().filter(is_comparable).map(|d| d.count / d.passed * passes).collect();
    if past.len() < LEAST_PAST || passes <= 0.0 {
        return None;
    }
    let usual = median(&mut past);
    let mut now: Vec<f64> = now.iter().map(|d| d.count).collect();
    now.sort_unstable_by(f64::total_cmp);
    // What always fell may fall less without growing; what always grew grows on.
    let growth = now[1] - usual.max(0.0);
    let left = blocks[0].count - blocks[NOW].count - NOW as f64 * usual.max(0.0);
    if growth <= 0.0 || left <= range(&blocks[NOW + 1..]) {
        return None;
    }
    let square = |deviation: f64| deviation * deviation;
    let variance = past.iter().map(|d| square(d - usual)).sum::<f64>() / past.len() as f64;
    let greatest = past.iter().map(|d| square(d - usual)).fold(0.0, f64::max) / square(GREATEST);
    let rounding = 1.0 / width as f64; // counts are whole
    let n = past.len() as f64;
    Some((n + 1.0) * (square(growth) / (n * variance.max(greatest).max(rounding))).ln_1p())
}

fn range(blocks: &[Reading]) -> f64 {
    let counts = || blocks.iter().map(|block| block.count);
    counts().fold(f64::NEG_INFINITY, f64::max) - counts().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand pass a reading. `grows`: by how much from each reading to the next; `noise`: ± at random.
    fn look(readings: usize, noise: f64, seed: &mut u64, grows: impl Fn(usize) -> f64) -> Option<Ramp> {
        let mut sum = 0.0;
        let mut counts: Vec<Reading> = Vec::new();
        for reading in 0..readings {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += grows(reading);
            let jitter = ((*seed >> 40) as f64 / f64::from(1 << 24) - 0.5) * 2.0 * noise;
            counts.push(Reading { count: (sum + jitter).round(), passed: 1e3 * (reading + 1) as f64 });
        }
        ramp(readings, usize::MAX, |age| counts[readings - 1 - age])
    }

    #[test]
    fn a_steady_growth_shows_and_a_step_a_drift_and_a_fall_do_not() {
        let nats = |grows: &dyn Fn(usize) -> f64| look(160, 10.0, &mut 7, grows).map_or(0.0, |ramp| ramp.nats);
        assert!(nats(&|reading| if reading > 135 { 10.0 } else { 0.0 }) > 23.0, "1 % for 24 readings");
        for (story, grows) in [
            ("nothing", &(|_| 0.0) as &dyn Fn(usize) -> f64),
            ("one step", &|reading| if reading == 140 { 500.0 } else { 0.0 }),
            ("two steps", &|reading| if [130, 150].contains(&reading) { 500.0 } else { 0.0 }),
            ("it always grew", &|_| 10.0),
            ("it always fell, and falls less", &|reading| if reading > 135 { -5.0 } else { -10.0 }),
        ] {
            assert!(nats(grows) < 12.0, "{story}: {}", nats(grows));
        }
    }

    #[test]
    fn chance_alone_makes_no_more_than_it_may() {
        // 2,000 looks at bounded noise: one in 2,000 may show ln 2,000 = 7.6 nats.
        let mut seed = 1;
        let nats = (0..2_000).filter_map(|_| look(200, 30.0, &mut seed, |_| 0.0)).map(|ramp| ramp.nats);
        let greatest = nats.fold(0.0, f64::max);
        assert!(greatest < 9.0, "{greatest}");
    }

    #[test]
    fn what_was_learned_at_rest_says_nothing_of_traffic() {
        let counts = |age: usize| {
            let busy = 40_usize.saturating_sub(age) as f64;
            Reading { count: busy * 10.0, passed: 1e3 * busy + (200 - age) as f64 }
        };
        assert_eq!(ramp(200, usize::MAX, counts), None);
        assert_eq!(ramp(20, usize::MAX, counts), None, "no past");
    }
}
