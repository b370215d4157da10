use super::*;
use crate::features::queue::tests::{Port, SOUND, Simulated};
use crate::statistics::in_step;

const RUNS: u64 = 300;
/// Readings between two looks at a pair of ports, and how many looks there are.
const BETWEEN: usize = 90;
const LOOKS: usize = 4;

type Kind = fn(Ends<'_>, f64) -> f64;

/// The evidence of many pairs of ports that are alike, both sound.
fn evidence(port: impl Fn(u64) -> Port, of: Kind) -> Vec<f64> {
    let of_pair = |seed: u64| {
        let port = port(seed);
        let [mut own, mut far] = [2 * seed, 2 * seed + 1].map(Simulated::new);
        (1..=LOOKS).map(move |look| {
            let [own, far] = [&mut own, &mut far].map(|end| &end.read(port, BETWEEN).queue);
            let alike = own.inflation.at_least().max(far.inflation.at_least());
            let ends = Ends { own, far: Some(far), far_tells: true };
            let capacity = slow(ends, alike).capacity;
            let now = (look * BETWEEN) as i64;
            let since = [own, far].map(|end| end.slower[capacity].since.seen_from(now)).into_iter().min();
            let readings = since.map_or(0, |since| now - since) as f64;
            let done: Vec<f64> = (0..readings as usize).map(|second| second as f64 / port.period_s).collect();
            of(ends, alike.max(in_step(readings, &done, port.load)))
        })
    };
    (1..=RUNS).flat_map(of_pair).collect()
}

/// Evidence of x nats or more is no more frequent than e^−x, at any one moment, within three standard deviations of the
/// count, for all x from so many nats on.
fn check(story: &str, from: f64, found: &[f64]) {
    let all = found.len() as f64;
    for nats in [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].into_iter().filter(|nats| *nats >= from) {
        let may = (-nats).exp();
        let share = found.iter().filter(|&&found| found >= nats).count() as f64 / all;
        assert!(share <= may + 3.0 * (may / all).sqrt(), "{story}: {nats} nats: {share}, may {may}");
    }
}

/// Congestions of which each keeps a queue for another part of the busy time, all parts being as likely: what the evidence
/// is against. Ports that always have a queue while they are busy are the worst of them: at 2 to 4 nats they show twice as
/// much as that (0.21 of them 2 nats, 0.04 of them 4), from 6 nats on no more; the bar is 6.9.
#[test]
fn chance_makes_no_more_evidence_than_it_says() {
    let table = [
        ("a second and a half from burst to burst", SOUND),
        ("more load", Port { load: 0.6, ..SOUND }),
        ("bursts at random", Port { jitter: 1.0, ..SOUND }),
        ("bursts of many readings", Port { period_s: 13.0, jitter: 0.5, ..SOUND }),
        ("stamps that are off by a fifth of a second", Port { stamps_s: 0.2, jitter: 1.0, ..SOUND }),
        ("bursts as far apart as the readings", Port { period_s: 1.0, ..SOUND }),
        ("two bursts a reading", Port { period_s: 0.5, jitter: 0.02, ..SOUND }),
        ("paused", Port { paused: 0.2, ..SOUND }),
    ];
    for (story, port) in table {
        let any = |seed: u64| Port { stands: seed as f64 / RUNS as f64, ..port };
        let whole = |_: u64| Port { stands: 1.0, ..port };
        let slow: Kind = |ends, inflation| slow(ends, inflation).nats;
        let whatever_was: Kind = |ends, inflation| slow_whatever_was(ends.own, inflation);
        check(story, 1.0, &evidence(any, slow));
        check(story, 6.0, &evidence(whole, slow));
        check(story, 1.0, &evidence(whole, whatever_was));
    }
}

#[test]
fn a_queue_as_before_is_no_longer_than_before() {
    for port in [SOUND, Port { jitter: 1.0, ..SOUND }, Port { stands: 0.1, jitter: 1.0, ..SOUND }] {
        check("longer", 3.0, &evidence(|_| port, |ends, inflation| longer(ends, inflation).0));
    }
}

#[test]
fn both_ways_together_say_more_than_one() {
    let sound = Simulated::new(1).read(SOUND, 300).queue.clone();
    let slow_port = Port { capacity: 0.5, stands: 1.0, ..SOUND };
    let [own, far] = [2, 3].map(|seed| Simulated::new(seed).read(SOUND, 200).read(slow_port, 60).queue.clone());
    let nats = |far: Option<&Queue>, far_tells: bool| slow(Ends { own: &own, far, far_tells }, 1.0).nats;
    let [untold, alone, both] = [nats(None, false), nats(Some(&sound), true), nats(Some(&far), true)];
    assert!(untold > alone && both > alone + 3.0, "{untold} {alone} {both}");
    assert!(slow(Ends { own: &sound, far: Some(&sound), far_tells: true }, 1.0).nats < 3.0);
    let inflated = slow(Ends { own: &own, far: Some(&far), far_tells: true }, 2.0).nats;
    assert!(inflated < both * 0.7, "{inflated} {both}");
}
