//! A job of eight hosts in a ring, read once a second with iterations of 1.6 s: less than two readings an iteration.

use super::*;

/// What happens to the job from second [`FROM_S`] on. Shares are of the step time that the job then has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Story {
    Healthy,
    /// Host 3 computes longer.
    LateHost(f64),
    /// The transfer takes longer: a link is slow.
    SlowLink(f64),
    /// Everybody computes longer: the work has changed.
    LongerWork(f64),
    /// Nothing is done for so many seconds, between two iterations.
    Pause(f64),
    /// Host 3 does not begin for so many seconds.
    Hang(f64),
}

pub const FROM_S: f64 = 200.0;
pub const LATE: usize = 3;
const HOSTS: usize = 8;
const STEP_S: f64 = 1.6;
const TRANSFER_S: f64 = 0.64;
const BYTES: f64 = 1e9;
/// Of its bytes, what a host sends before it needs anything.
const FIRST_CHUNK: f64 = 0.08;

/// Even between −1 and 1, another value for each host and iteration.
fn jitter(host: usize, iteration: u32) -> f64 {
    let hash = xxhash_rust::xxh3::xxh3_64(&[host as u64, u64::from(iteration)].map(u64::to_le_bytes).concat());
    (hash >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// The pace of the job after so many seconds of a story.
pub fn simulated(story: Story, seconds: u32) -> JobPace {
    let mut pace = JobPace::default();
    let (mut start_s, mut iteration, mut next_s) = (0.0, 0, 0.5);
    while start_s < f64::from(seconds) {
        let is_on = start_s >= FROM_S;
        let longer = |share: f64| if is_on { STEP_S * share / (1.0 - share) } else { 0.0 };
        let begins = |host: usize| {
            let own = match story {
                Story::LateHost(share) if host == LATE => longer(share),
                Story::LongerWork(share) => longer(share),
                Story::Hang(length_s) if host == LATE && (FROM_S..FROM_S + STEP_S).contains(&start_s) => length_s,
                Story::Pause(length_s) if (FROM_S..FROM_S + STEP_S).contains(&start_s) => length_s,
                _ => 0.0,
            };
            start_s + (STEP_S - TRANSFER_S) * (1.0 + 0.02 * jitter(host, iteration)) + own
        };
        let transfer_s = TRANSFER_S + if let Story::SlowLink(share) = story { longer(share) } else { 0.0 };
        let all_begun_s = (0..HOSTS).map(begins).fold(0.0, f64::max);
        let end_s = all_begun_s + transfer_s;
        let sent = |host: usize, next_s: f64| {
            let moving = ((next_s - all_begun_s) / transfer_s).clamp(0.0, 1.0);
            f64::from(iteration) + if next_s < begins(host) { 0.0 } else { FIRST_CHUNK + (1.0 - FIRST_CHUNK) * moving }
        };
        while next_s < end_s.min(f64::from(seconds)) {
            let levels: Vec<f64> = (0..HOSTS).map(|host| sent(host, next_s)).collect();
            let received = (0..HOSTS).map(|host| levels[(host + HOSTS - 1) % HOSTS] * BYTES).collect();
            let sent = levels.iter().map(|level| level * BYTES).collect();
            let row = Row { ts_ns: (next_s * 1e9) as i64, sent, received };
            pace.push(&row, &[0; HOSTS]);
            next_s += 1.0;
        }
        (start_s, iteration) = (end_s, iteration + 1);
    }
    pace
}

#[test]
fn the_bytes_of_an_iteration_are_found_and_their_number_is_exact() {
    let pace = simulated(Story::Healthy, 150);
    let lock = pace.lock.as_ref().expect("levels are plain");
    assert!((lock.bytes / BYTES - 1.0).abs() < 0.01, "{}", lock.bytes);
    assert!(pace.is_locked() && pace.slow().is_none());
    let step_s = 1.0 / pace.line().pace().expect("known");
    assert!((step_s - STEP_S).abs() < 0.03, "{step_s}");
}

/// Bursts each 0.3976 s, as of a mixture of experts that sends four times an iteration, read once a second: 2 or 3 bursts an interval. In
/// every second reading most hosts stand at a multiple of 2.5 bursts, and so they would whoever was late.
pub fn in_step(check: impl Fn(&JobPace)) -> JobPace {
    bursting(0.3976, 0.003, f64::from, check)
}

/// Bursts so far apart, give or take such a part of it, each at the end of an iteration; `read_s`: when the readings come.
fn bursting(apart_s: f64, scatter: f64, read_s: impl Fn(u32) -> f64, check: impl Fn(&JobPace)) -> JobPace {
    let mut pace = JobPace::default();
    let (mut start_s, mut burst, mut reading) = (0.0, 0, 0);
    while reading < 290 {
        let length_s = apart_s * (1.0 + scatter * jitter(0, burst));
        while read_s(reading) < start_s + length_s {
            let next_s = read_s(reading);
            let sent = f64::from(burst) + (((next_s - start_s) / length_s - 0.6) / 0.4).max(0.0);
            let sent = vec![sent * BYTES; HOSTS];
            pace.push(&Row { ts_ns: (next_s * 1e9) as i64, received: sent.clone(), sent }, &[0; HOSTS]);
            reading += 1;
        }
        (start_s, burst) = (start_s + length_s, burst + 1);
        check(&pace);
    }
    pace
}

#[test]
fn what_is_in_step_with_the_readings_is_no_iteration() {
    let pace = in_step(|pace| assert!(pace.lock.is_none(), "{:?}", pace.lock.as_ref().map(|lock| lock.bytes)));
    assert_eq!((pace.not_found(), pace.is_in_step()), (Some(NotFound::InStep), true));
    let sound = simulated(Story::Healthy, 150);
    assert_eq!((sound.not_found(), sound.is_in_step()), (None, false));
}

#[test]
fn readings_at_uneven_distances_show_the_iterations_that_even_ones_are_in_step_with() {
    let uneven = |second: u32| weft_wire::instants::reading_ns(second.into(), 1_000_000_000) as f64 / 1e9;
    for apart_s in [0.5, 1.0, 2.0, 3.0] {
        let is_right =
            |pace: &JobPace| pace.line().pace().is_some_and(|pace| (1.0 / pace / apart_s - 1.0).abs() < 0.02);
        // Iterations of 2 and 3 s are read at two and three places, which is enough for their length, and for no more.
        let even = bursting(apart_s, 0.0, f64::from, |_| ());
        assert!(apart_s > 1.0 || !is_right(&even), "{apart_s} s, read evenly");
        let pace = bursting(apart_s, 0.003, uneven, |_| ());
        assert!(is_right(&pace), "{apart_s} s: {:?} {:?}", pace.line().pace(), pace.not_found());
    }
}

#[test]
fn a_slower_job_is_known_with_its_loss_whatever_slows_it() {
    for story in [Story::LateHost(0.12), Story::SlowLink(0.12), Story::LongerWork(0.12)] {
        let pace = simulated(story, 320);
        let (since_ns, slow) = pace.slow().expect("slower by 12 %");
        assert!((slow.loss - 0.12).abs() < 0.02, "{story:?} {slow:?}");
        assert!((since_ns as f64 / 1e9 - FROM_S).abs() < 12.0, "{story:?} {slow:?}");
        let (lost, error) =
            pace.lost_against((FROM_S * 1e9) as i64, (FROM_S * 1e9) as i64, 318 * 1_000_000_000).expect("known");
        assert!((lost - 0.12).abs() < (2.0 * error).max(0.01), "{story:?} {lost} ± {error}");
    }
    assert_eq!(simulated(Story::Pause(12.0), 320).slow(), None, "a checkpoint");
}

#[test]
fn what_is_written_and_read_again_goes_on_the_same() {
    let (mut one, row) = (simulated(Story::LateHost(0.12), 260), |pace: &JobPace| pace.window.rows(1, 1).remove(0));
    let written = postcard::to_extend(&one, Vec::new()).expect("written");
    let mut other: JobPace = postcard::from_bytes(&written).expect("read");
    assert!(written.len() < HOSTS * 4_096 + 32_768, "{} bytes", written.len());
    let next = row(&one);
    for pace in [&mut one, &mut other] {
        pace.push(&next, &[0; HOSTS]);
    }
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
