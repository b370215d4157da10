//! Time from a fault's start to the incident, where some faults were never told.

use serde::Serialize;

/// One fault: how long it took, or for how long it was looked for in vain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Search {
    Found(f64),
    Missed(f64),
}

/// Quantiles over all faults. A miss is a search that was broken off, neither left out nor taken for long: leaving misses
/// out would make a blind system look quick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Delay {
    pub found: usize,
    pub missed: usize,
    /// Of those found, as other judges say it.
    pub median_of_found: Option<f64>,
    /// Half of the faults are told by then; `None` where fewer than half ever are.
    pub half: Option<f64>,
    /// The same of nine in ten.
    pub nine_in_ten: Option<f64>,
}

impl Delay {
    pub fn of(searches: impl IntoIterator<Item = Search>) -> Delay {
        let searches: Vec<Search> = searches.into_iter().collect();
        let mut found: Vec<f64> =
            searches.iter().filter_map(|s| if let Search::Found(t) = s { Some(*t) } else { None }).collect();
        found.sort_by(f64::total_cmp);
        let (half, nine_in_ten) = (told(&searches, 0.5), told(&searches, 0.9));
        let missed = searches.len() - found.len();
        Delay { found: found.len(), missed, median_of_found: median(&found), half, nine_in_ten }
    }
}

/// The time by which a share of the faults is told, by Kaplan and Meier's estimate: at each time of finding, what is still
/// looked for shrinks by one in those that are looked for then.
fn told(searches: &[Search], share: f64) -> Option<f64> {
    let time = |search: &Search| match *search {
        // An incident may open a little before the injector's clock says that the fault began.
        Search::Found(t) => (t.max(0.0), 0),
        Search::Missed(t) => (t, 1),
    };
    let mut sorted: Vec<(f64, u8)> = searches.iter().map(time).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut untold = 1.0;
    for (number, (time, is_missed)) in sorted.iter().enumerate() {
        if *is_missed == 0 {
            untold *= 1.0 - 1.0 / (sorted.len() - number) as f64;
            // A millionth of room, for products of fractions.
            if untold <= 1.0 - share + 1e-6 {
                return Some(*time);
            }
        }
    }
    None
}

/// Of sorted values; between the two middle ones of an even number.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::Search::{Found, Missed};
    use super::*;

    #[test]
    fn misses_are_searches_that_were_broken_off() {
        let check = |searches: &[Search], half: Option<f64>, nine: Option<f64>| {
            let delay = Delay::of(searches.iter().copied());
            assert_eq!((delay.half, delay.nine_in_ten), (half, nine), "{searches:?}");
        };
        check(&[], None, None);
        check(&[Found(3.0)], Some(3.0), Some(3.0));
        check(&[Found(1.0), Found(2.0), Found(3.0), Found(4.0)], Some(2.0), Some(4.0));
        check(&[Found(1.0), Found(2.0), Missed(9.0), Missed(9.0)], Some(2.0), None);
        check(&[Found(1.0), Missed(9.0), Missed(9.0)], None, None);
        // Broken off before the other was found: it says nothing of later times.
        check(&[Missed(1.0), Found(2.0)], Some(2.0), Some(2.0));
        // Freireich et al. 1963, remission times of 21 under 6-MP: the median is 23 weeks.
        let found = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0];
        let broken_off = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0];
        let all: Vec<Search> = found.map(Found).into_iter().chain(broken_off.map(Missed)).collect();
        check(&all, Some(23.0), None);
    }

    #[test]
    fn the_median_of_those_found_is_told_beside() {
        let delay = Delay::of([Found(-2.0), Found(4.0), Missed(9.0)]);
        assert_eq!((delay.found, delay.missed, delay.median_of_found), (2, 1, Some(1.0)));
        assert_eq!(delay.half, Some(4.0));
    }
}
