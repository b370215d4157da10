//! Since when a job stands still, and where its hosts stand meanwhile.
//!
//! ```text
//! iterations sent   h0 ────▗▄▟         x = 7.4   they have begun iteration 8, send what they can, and wait
//!                   h1 ────▗▄▄▟        x = 7.5
//!                   h2 ─────────       x = 7.0   it has not begun
//!                          ↑ nobody moves from here on
//! ```
//! A job stands still while no host sends or receives more than the width of a level (`levels.rs`) an iteration: acknowledgements and
//! probes that keep connections alive are less. Levels that stand still are exact, whatever the interval of reading is.
//! Readings in which fewer than half of the hosts tell say nothing.

use super::levels::{Standing, WIDTH};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stand {
    now: Option<Still>,
    /// The longest stand within a collective that the job has come out of, s. One that ends by itself was no hang.
    longest_s: f64,
}

/// A job that stands still. Times are s since the origin of the job's pace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Still {
    /// The first and the last reading of one place.
    pub since_s: f64,
    pub last_s: f64,
    pub readings: u32,
    /// The length of an iteration when it began, s.
    pub iteration_s: f64,
    /// Where each host stands, in iterations; NaN of hosts that have not told since.
    pub sent: Vec<f64>,
    pub received: Vec<f64>,
}

impl Stand {
    /// Takes in a reading. `iteration_s`: the length of an iteration; without it nothing can be said of a stand.
    pub fn push(&mut self, at_s: f64, standing: &Standing, iteration_s: Option<f64>) {
        let told = standing.sent.iter().filter(|x| !x.is_nan()).count();
        if 2 * told <= standing.sent.len() {
            return;
        }
        if let Some(still) = self.now.as_mut().filter(|still| !still.has_moved(at_s, standing)) {
            still.go_on(at_s, standing);
            return;
        }
        if let Some(still) = self.now.take().filter(|still| still.iterations() >= 1.0 && still.is_in_midst()) {
            self.longest_s = self.longest_s.max(still.last_s - still.since_s);
        }
        let Standing { sent, received, .. } = standing.clone();
        self.now = iteration_s.map(|iteration_s| Still {
            since_s: at_s,
            last_s: at_s,
            readings: 1,
            iteration_s,
            sent,
            received,
        });
    }

    /// The stand that goes on, however short.
    pub fn now(&self) -> Option<&Still> {
        self.now.as_ref()
    }

    pub fn longest_s(&self) -> f64 {
        self.longest_s
    }
}

impl Still {
    pub fn iterations(&self) -> f64 {
        (self.last_s - self.since_s) / self.iteration_s
    }

    /// Hosts stand at different places, so that it lies within a collective and not between two.
    pub fn is_in_midst(&self) -> bool {
        let spread = |places: &[f64]| {
            let told = places.iter().copied().filter(|place| !place.is_nan());
            let (low, high) = told.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            high - low
        };
        [&self.sent, &self.received].into_iter().any(|places| spread(places) > 2.0 * WIDTH)
    }

    fn has_moved(&self, at_s: f64, standing: &Standing) -> bool {
        let may = WIDTH * ((at_s - self.since_s) / self.iteration_s).max(1.0);
        let ways = [(&self.sent, &standing.sent), (&self.received, &standing.received)];
        let moved = |(from, to): (&f64, &f64)| (to - from).abs() > may; // of a host that did not tell: false
        ways.into_iter().any(|(from, to)| from.iter().zip(to).any(moved))
    }

    fn go_on(&mut self, at_s: f64, standing: &Standing) {
        (self.last_s, self.readings) = (at_s, self.readings.saturating_add(1));
        let ways = [(&mut self.sent, &standing.sent), (&mut self.received, &standing.received)];
        for (own, told) in ways.into_iter().flat_map(|(own, told)| own.iter_mut().zip(told)) {
            if own.is_nan() {
                *own = *told;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings of four hosts, a second apart, of iterations of 2 s.
    fn stand(readings: &[[f64; 4]]) -> Stand {
        let mut stand = Stand::default();
        for (at, sent) in readings.iter().enumerate() {
            let (sent, received) = (sent.to_vec(), sent.to_vec());
            stand.push(at as f64, &Standing { ts_ns: 0, sent, received, between: false }, Some(2.0));
        }
        stand
    }

    #[test]
    fn a_job_stands_still_while_nobody_moves_by_a_level_an_iteration() {
        let place = [7.4, 7.5, 7.0, 7.3];
        let crept = place.map(|x| x + 0.02);
        let still = stand(&[[6.0; 4], place, place, crept, place]);
        let now = still.now().expect("it stands");
        assert_eq!((now.since_s, now.last_s, now.readings, now.iterations()), (1.0, 4.0, 4, 1.5));
        assert!(now.is_in_midst());
        let one_moves = stand(&[place, place, [7.4, 7.5, 7.0, 7.4]]);
        assert_eq!(one_moves.now().map(|now| now.since_s), Some(2.0));
    }

    #[test]
    fn who_tells_nothing_does_not_move_and_half_of_them_tell_nothing_of_the_job() {
        const NO: f64 = f64::NAN;
        let late = stand(&[[7.4, 7.5, NO, 7.3], [7.4, NO, 7.0, 7.3], [7.4, 7.5, 7.0, NO]]);
        let now = late.now().expect("it stands");
        assert_eq!((now.readings, &now.sent[..]), (3, &[7.4, 7.5, 7.0, 7.3][..]));
        let few = stand(&[[7.4, 7.5, 7.0, 7.3], [NO, NO, 8.0, 8.0]]);
        assert_eq!(few.now().map(|now| now.readings), Some(1), "two of four");
    }

    #[test]
    fn only_a_stand_within_a_collective_that_ended_is_remembered() {
        let place = [7.4, 7.5, 7.0, 7.3];
        assert_eq!(stand(&[place, place, place, place]).longest_s(), 0.0, "it lasts");
        assert_eq!(stand(&[place, place, place, place, [8.0; 4]]).longest_s(), 3.0);
        assert_eq!(
            stand(&[[7.0; 4], [7.0; 4], [7.0; 4], [8.0; 4]]).longest_s(),
            0.0,
            "a pause between two collectives"
        );
        assert_eq!(stand(&[place, place, [8.0; 4]]).longest_s(), 0.0, "shorter than an iteration");
    }
}
