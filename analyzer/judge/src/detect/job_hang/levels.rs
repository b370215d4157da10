//! Who has begun the collective that a job stands still in, by the levels of bytes (`features/pace`).
//!
//! ```text
//! lowest level at which a host stands: 7          7.0            has not begun, if it has what it needs
//!                                                 7.4, 7.5       have begun
//!                                                 8.0            has done its part of it
//!                                                 6.2, 9.7       no place within collective 8: that was other traffic
//! ```
//! Within a collective hosts send to each other, so that what all have sent is what all have received, but for what is on the way.

use super::{Seen, Stand, each_once};
use crate::fabric::DeviceId;
use crate::features::Features;
use crate::features::pace::{Still, WIDTH};

/// Anchors may be off by a width (`features/pace/levels.rs`): so far from a level a host still stands at it.
const NEAR: f64 = 2.0 * WIDTH;
/// Ticks for which a reading tells of now: twice as long as a row waits for the last of its hosts.
const FRESH_TICKS: i64 = 3;

pub fn see(features: &Features, job: usize) -> Option<Seen> {
    let pace = &features.jobs[job].pace;
    let (still, longest_s) = pace.still()?;
    let fresh_ns = FRESH_TICKS * features.tick_ns.max(features.bin_ns);
    if pace.ns(still.last_s) < features.now_ns - fresh_ns {
        return None;
    }
    if still.iterations() < 1.0 {
        return Some(Seen::Moves);
    }
    let hosts: Vec<DeviceId> = pace.hosts().collect();
    let is_silent = |host: usize| features.devices[hosts[host]].silent.is_some();
    let has_its_need = |host, got| pace.hold().has_its_need(host, got) != Some(false);
    let Some(places) = places(still, &pace.bytes(), has_its_need, is_silent) else {
        return Some(Seen::Pauses);
    };
    let at = |wanted: Place| each_once(hosts.iter().zip(&places).filter(|(_, place)| **place == wanted).map(|(d, _)| *d));
    Some(Seen::Stands(Stand {
        since_ns: pace.ns(still.since_s),
        stood_s: still.last_s - still.since_s,
        iteration_s: still.iteration_s,
        readings: still.readings,
        past: pace.hold().batches().len(),
        longest_s,
        begun: at(Place::Begun),
        not_begun: at(Place::NotBegun),
        untold: places.iter().filter(|place| **place == Place::Untold).count(),
    }))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    NotBegun,
    Begun,
    Untold,
}

/// Where each host stands in the collective; `None` where they do not stand within one. `bytes`: what each sends and receives in an
/// iteration. `has_its_need`: whether a host that has received so much could begin; one that could not waits for others. `is_silent`: its
/// collector tells nothing now, so that it may have gone on from where it stood.
fn places(
    still: &Still,
    bytes: &[[f64; 2]],
    has_its_need: impl Fn(usize, f64) -> bool,
    is_silent: impl Fn(usize) -> bool,
) -> Option<Vec<Place>> {
    let lowest = still.sent.iter().copied().fold(f64::INFINITY, f64::min);
    let level = (lowest + NEAR).floor();
    let of = |host: usize| [still.sent[host] - level, still.received[host] - level];
    let told: Vec<usize> = (0..still.sent.len()).filter(|&host| !of(host).iter().any(|x| x.is_nan())).collect();
    let is_within = |host: &usize| of(*host).iter().all(|x| (-NEAR..=1.0 + NEAR).contains(x));
    let flows = |way: usize| told.iter().map(|&host| of(host)[way] * bytes[host][way]).sum::<f64>();
    let all: f64 = told.iter().map(|&host| bytes[host][0]).sum();
    // Of a host that tells nothing nobody knows what it sent.
    let is_whole = told.len() < bytes.len() || (flows(0) - flows(1)).abs() <= NEAR * all;
    if !still.is_in_midst() || !is_whole || !told.iter().all(is_within) {
        return None;
    }
    let place = |host: usize| match of(host) {
        [x, y] if x.is_nan() || y.is_nan() || is_silent(host) => Place::Untold,
        [x, y] if x <= WIDTH && has_its_need(host, y) => Place::NotBegun,
        _ => Place::Begun,
    };
    Some((0..still.sent.len()).map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_at_the_lowest_level_with_what_it_needs_has_not_begun() {
        use super::Place::{Begun as B, NotBegun as N, Untold as U};
        const NO: f64 = f64::NAN;
        let check_with = |silent: Option<usize>, story: &str, sent: &[f64], received: &[f64], needs: &[f64], expected: Option<&[Place]>| {
            let (sent, received) = (sent.to_vec(), received.to_vec());
            let still = Still { since_s: 0.0, last_s: 9.0, readings: 9, iteration_s: 2.0, sent, received };
            let bytes = vec![[1e9; 2]; still.sent.len()];
            let said = places(&still, &bytes, |host, got| got >= needs[host] - WIDTH, |host| silent == Some(host));
            assert_eq!(said.as_deref(), expected, "{story}");
        };
        let check = |story: &str, sent: &[f64], received: &[f64], needs: &[f64], expected: Option<&[Place]>| {
            check_with(None, story, sent, received, needs, expected);
        };
        let free = [0.0; 4];
        check("one has not begun", &[7.4, 7.5, 7.0, 7.3], &[7.3, 7.4, 7.2, 7.3], &free, Some(&[B, B, N, B]));
        check("others are done with it", &[8.0, 8.0, 7.0, 7.2], &[8.0, 8.0, 7.2, 7.0], &free, Some(&[B, B, N, B]));
        check("all at one level", &[7.0; 4], &[7.0; 4], &free, None);
        check("all at one place", &[7.4; 4], &[7.4; 4], &free, None);
        check("nobody at a level", &[7.4, 7.5, 7.2, 7.3], &[7.3, 7.4, 7.4, 7.3], &free, Some(&[B; 4]));
        check("nobody sent what one received", &[7.0; 4], &[7.0, 7.9, 7.0, 7.0], &free, None);
        check("a place of no collective", &[7.4, 9.7, 7.0, 7.3], &[7.3, 9.5, 7.3, 7.3], &free, None);
        check("a parent waits for its child", &[7.0, 7.0, 7.5, 7.4], &[7.4, 7.0, 7.2, 7.3], &[1.0, 0.0, 0.0, 0.0], Some(&[B, N, B, B]));
        check("one tells nothing", &[7.4, 7.5, 7.0, NO], &[7.3, 7.4, 7.2, NO], &free, Some(&[B, B, N, U]));
        check_with(Some(2), "fell silent meanwhile", &[7.4, 7.5, 7.0, 7.3], &[7.3, 7.4, 7.2, 7.3], &free, Some(&[B, B, U, B]));
    }
}
