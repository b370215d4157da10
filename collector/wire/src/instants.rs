//! When collectors read: the same instants on every node, so that what they read can be compared, and at uneven distances, so that
//! they are in step with the iterations of no job.
//!
//! Readings at even distances fall in step with whatever repeats itself as often. Of iterations of 2.00 s, read each second, the same
//! two moments are read for ever, and what happens between them is never seen. So each reading is moved within its own period:
//!
//! ```text
//! period k − 1 (100 ms)       period k                    period k + 1
//! ├───────────────|───────────┼──|────────────────────────┼───────────────────|───────┤
//!                 read           10 ms ├ may be read ┤ 10 ms                  read
//!
//! reading k  =  (k + 0.1 + 0.8 · u(k)) · period
//! u(k)       =  (fifth(k) + hash(k)) / 5          of 5 readings in a row each lies in another fifth, in an order drawn for these 5
//! ```
//! The sequence u depends on k alone, and k on the wall clock alone, so that all nodes read at the same instants without having
//! spoken. It is counted in whole numbers: two nodes agree to the nanosecond.
//!
//! Why fifths in a drawn order: readings must fill each iteration evenly, as the multiples of the golden ratio do (frac(k / φ)). But these
//! are in step with something themselves: iterations of 0.724 periods are then read at one and the same place (0.98 of 1, where 1 is
//! all readings in one place), those of 2.617 half so. A drawn order is in step with nothing, and fills nearly as evenly (journal of
//! 2026-11-30, dither: figures).
//!
//! The amplitude of 0.8 has two bounds. Of iterations that are as long as the period, or a multiple of it, that part is read, and the
//! judge needs two thirds (`analyzer/judge/src/features/pace/spread.rs`). And a reading must stay within its period, for rows are
//! gathered by whole seconds: a tenth of the period at either end, 10 ms of 100 ms, is left for the reading itself, for a thread that
//! wakes late and for clocks that are off. Two readings in a row are 0.2 to 1.8 periods apart.
//!
//! A period that is read in parts (a second in ten fast readings) has one part that reads more than the others. It is the part in which
//! a collector without the fast readings would read, so that both read within a tenth of a second of each other.

/// Readings in a row that lie in as many equal parts of their periods. With 8 instead of 5 thirty readings are in step with some
/// iterations by 0.34, with 5 by 0.28; thirty at random are by 0.28 too, and fill them less evenly.
const PARTS: i64 = 5;
/// The part of a period that is left free at either end of it, in tenths.
const MARGIN_TENTHS: i64 = 1;

/// When the reading of a period is due, ns since the epoch: period `k` is the time from k · `period_ns` on.
pub fn reading_ns(k: i64, period_ns: i64) -> i64 {
    k * period_ns + within(k, period_ns)
}

/// Which of the `parts` of period `k`, counted from 0, is the one that reads more than the others.
pub fn fuller_part(k: i64, parts: i64) -> i64 {
    within(k, parts)
}

/// How far into a period of that length its reading is, rounded down.
fn within(k: i64, length: i64) -> i64 {
    let margin = length * MARGIN_TENTHS / 10;
    let free = (length - 2 * margin).max(0) as u128;
    margin + ((u128::from(fraction(k)) * free) >> 64) as i64
}

/// u(k) in units of 2⁻⁶⁴.
fn fraction(k: i64) -> u64 {
    let part = u128::from(part(k)) << 64;
    ((part + u128::from(hash(k as u64))) / PARTS as u128) as u64
}

/// The fifth that reading `k` lies in: the numbers from 0 to 4 in an order that is drawn for its block of five, by Fisher and Yates.
fn part(k: i64) -> u8 {
    let mut order: [u8; PARTS as usize] = std::array::from_fn(|part| part as u8);
    let mut drawn = hash(!(k.div_euclid(PARTS) as u64));
    for last in (1..order.len()).rev() {
        order.swap(last, (drawn % (last as u64 + 1)) as usize);
        drawn = hash(drawn);
    }
    order[k.rem_euclid(PARTS) as usize]
}

/// SplitMix64: each of the 2⁶⁴ numbers to another one, whose bits all depend on all of its bits.
fn hash(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const MS: i64 = 1_000_000;
    const SECOND: i64 = 1_000 * MS;
    /// A second of November 2026.
    const NOW: i64 = 1_796_000_000;
    /// Readings that the judge looks at (`analyzer/judge/src/features/pace/window.rs`).
    const COUNT: i64 = 256;

    fn tenths_of_a_second(at: i64) -> i64 {
        reading_ns(NOW * 10 + at, 100 * MS)
    }

    fn seconds(at: i64) -> i64 {
        reading_ns(NOW + at, SECOND)
    }

    /// Of each second the fuller one of ten readings.
    fn fuller_tenths(at: i64) -> i64 {
        let second = NOW + at;
        reading_ns(second * 10 + fuller_part(second, 10), 100 * MS)
    }

    fn golden(at: i64) -> i64 {
        (NOW + at) * SECOND + SECOND / 10 + (0.8e9 * (0.618_033_988_749_895 * at as f64).fract()) as i64
    }

    fn even(at: i64) -> i64 {
        (NOW + at) * SECOND
    }

    type Reading = fn(i64) -> i64;

    /// Where in an iteration of that length each reading comes, 0 to 1.
    fn places(reading: Reading, iteration_ns: i64) -> Vec<f64> {
        let place = |at| reading(at).rem_euclid(iteration_ns) as f64 / iteration_ns as f64;
        (0..COUNT).map(place).collect()
    }

    /// The star discrepancy: by how much the share of readings in any first part of the iteration differs from that part, 0 to 1.
    fn discrepancy(mut places: Vec<f64>) -> f64 {
        places.sort_by(f64::total_cmp);
        let n = places.len() as f64;
        let off = |(rank, place): (usize, &f64)| (place - rank as f64 / n).max((rank + 1) as f64 / n - place);
        places.iter().enumerate().map(off).fold(0.0, f64::max)
    }

    /// How much the readings are in step: 1 where all come at one place, and the root of 1 / 256 = 0.06 by chance.
    fn in_step(places: &[f64]) -> f64 {
        let (sin, cos) =
            places.iter().map(|place| (place * TAU).sin_cos()).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        f64::hypot(sin, cos) / places.len() as f64
    }

    #[test]
    fn the_same_second_is_read_at_the_same_nanosecond_everywhere() {
        assert_eq!([-1, 0, 1].map(|k| reading_ns(k, SECOND) - k * SECOND), [243_030_867, 881_329_729, 510_649_852]);
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|k| fuller_part(k, 10)), [8, 5, 1, 5, 3, 8, 3, 1, 5, 6]);
        assert_eq!(seconds(0), NOW * SECOND + 761_761_912);
        assert_eq!(tenths_of_a_second(0), NOW * SECOND + 86_393_102);
    }

    #[test]
    fn each_reading_stays_within_its_period_and_away_from_its_ends_and_from_the_next() {
        for period_ns in [10 * MS, 100 * MS, SECOND, 60 * SECOND] {
            let now = NOW * SECOND / period_ns;
            for k in (-5_000..5_000).chain(now..now + 5_000) {
                let within = reading_ns(k, period_ns) - k * period_ns;
                assert!((period_ns / 10..=period_ns * 9 / 10).contains(&within), "{k} of {period_ns}: {within}");
                let apart = reading_ns(k + 1, period_ns) - reading_ns(k, period_ns);
                assert!((period_ns / 5..=period_ns * 9 / 5).contains(&apart), "{k} of {period_ns}: {apart}");
            }
        }
    }

    #[test]
    fn five_readings_in_a_row_lie_in_five_fifths() {
        for block in 0..1_000 {
            let mut fifths: Vec<u8> = (0..5).map(|at| part(block * 5 + at)).collect();
            fifths.sort_unstable();
            assert_eq!(fifths, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn who_reads_by_the_second_alone_reads_within_a_tenth_of_one_who_reads_by_tenths() {
        assert!((0..5_000).all(|at| (seconds(at) - fuller_tenths(at)).abs() < 100 * MS));
    }

    #[test]
    fn all_parts_of_an_iteration_are_read_where_even_readings_see_one_or_two() {
        // A tenth of the period at either end is not read, which alone is a discrepancy of 0.1 of an iteration as long as the period.
        let table: [(&str, Reading, i64); 3] = [
            ("10 Hz", tenths_of_a_second, 100 * MS),
            ("1 Hz by itself", seconds, SECOND),
            ("1 Hz of 10 Hz", fuller_tenths, SECOND),
        ];
        for (what, reading, period_ns) in table {
            for (halves, most, undithered) in [(1, 0.16, 0.99), (2, 0.13, 0.99), (4, 0.09, 0.49), (6, 0.07, 0.33)] {
                let iteration_ns = SECOND * halves / 2;
                let with = discrepancy(places(reading, period_ns * halves / 2));
                let without = discrepancy(places(even, iteration_ns));
                assert!(with < most && without > undithered, "{what}, {halves} halves: {with}, undithered {without}");
            }
        }
    }

    #[test]
    fn no_iteration_is_in_step_with_them_as_some_are_with_multiples_of_the_golden_ratio() {
        // From 0.4 s, the shortest iterations of training, to 20 s, in steps by which 256 readings can tell them apart.
        let most = |reading: Reading| {
            let lengths = (0..5_000).map(|step| 1e9 / (0.05 + 2.45 * f64::from(step) / 5_000.0));
            lengths.map(|length_ns| in_step(&places(reading, length_ns as i64))).fold(0.0, f64::max)
        };
        assert!(most(even) > 0.99);
        assert!(most(golden) > 0.9, "0.724 s: {}", most(golden));
        for reading in [seconds as Reading, fuller_tenths] {
            assert!(most(reading) < 0.3, "{}", most(reading));
        }
    }
}
