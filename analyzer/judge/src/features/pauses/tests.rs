//! How soon a host that receives slowly shows, and how seldom a sound one is taken for such.

use super::*;

const S: i64 = 1_000_000_000;
/// 22.9 nats: ten streams a node, bins of a second, and one false alarm in 10,000 node-days.
const BAR: f64 = 22.9;

/// A host's port, second by second: what it pauses its switch by and what it is paused by, µs.
struct Port {
    stream: Stream,
    second: i64,
}

impl Port {
    /// First paused after so many seconds without.
    fn after(seconds: i64) -> Port {
        Port { stream: Stream::new(0), second: seconds }
    }

    fn second(&mut self, sent: f64, received: f64) -> f64 {
        self.second += 1;
        (self.stream.sent, self.stream.received) = (Some(sent as f32), received as f32);
        self.stream.step(self.second, self.second * S, 0);
        self.stream.surging(self.second).nats
    }
}

/// Seconds until an alarm.
fn alarms(port: &mut Port, most: usize, paused: impl Fn(usize) -> (f64, f64)) -> Option<usize> {
    (1..=most).find(|&second| {
        let (sent, received) = paused(second);
        port.second(sent, received) >= BAR
    })
}

#[test]
fn a_host_that_begins_to_pause_is_named_after_eight_seconds() {
    for (past, paused, least, most) in [(85, 3e5, 8, 10), (86_400, 3e5, 8, 8), (86_400, 1e3, 8, 8), (30, 3e5, 8, 14)] {
        let alarm = alarms(&mut Port::after(past), 60, |_| (paused, paused / 30.0)).expect("an alarm");
        assert!((least..=most).contains(&alarm), "{past} s before, {paused} µs: {alarm}");
    }
    assert_eq!(alarms(&mut Port::after(10), 15, |_| (3e5, 0.0)), None, "too little is known from before");
}

#[test]
fn who_is_paused_for_longer_and_who_pauses_for_some_seconds_is_not_named() {
    assert_eq!(alarms(&mut Port::after(600), 100, |_| (1e5, 2e5)), None);
    assert_eq!(alarms(&mut Port::after(600), 100, |second| (if second <= 6 { 3e5 } else { 0.0 }, 0.0)), None);
}

#[test]
fn a_host_that_always_pauses_is_slow_when_it_pauses_for_longer() {
    let busy = |second: usize| 1e4 * (1 + second * 7 % 10) as f64;
    let mut port = Port::after(0);
    assert_eq!(alarms(&mut port, 600, |second| (busy(second), 0.0)), None);
    let alarm = alarms(&mut port, 60, |second| (busy(second) + 2e5, 0.0));
    assert!(alarm.is_some_and(|alarm| (8..=16).contains(&alarm)), "{alarm:?}");
}

#[test]
fn a_fault_that_ends_is_over_and_is_no_past() {
    let mut port = Port::after(600);
    (0..60).for_each(|_| _ = port.second(3e5, 0.0));
    let over = (1..40).find(|_| port.second(0.0, 0.0) <= f64::from(SUSPICIOUS));
    assert_eq!((over, port.stream.past.hits), (Some(8), 0.0));
    assert!(alarms(&mut port, 12, |_| (3e5, 0.0)).is_some(), "and is seen again");
}

/// Pauses of sound hosts. Until the evidence reaches x nats by chance it takes e^x seconds or longer on the mean.
#[test]
fn sound_hosts_reach_so_many_nats_as_seldom_as_the_bound_says() {
    type Story = (&'static str, fn(f64, f64) -> f64);
    // Of two numbers evenly from 0 to 1: what the host pauses in a second, µs.
    let stories: [Story; 4] = [
        ("now and then", |when, length| if when < 0.005 { 1e5 * length } else { 0.0 }),
        ("in one of twenty seconds, of any length", |when, length| if when < 0.05 { -1e3 * length.ln() } else { 0.0 }),
        ("in most seconds", |when, length| if when < 0.7 { 3e4 * length } else { 0.0 }),
        ("always, of any length", |_, length| 1e3 / length),
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // Marsaglia's xorshift, 2003.
    let mut even = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for (story, paused) in stories {
        for level in [3.0_f64, 5.0, 7.0] {
            let (mut seconds, mut reached) = (0_u32, 0_u32);
            for _ in 0..100 {
                let mut port = Port::after(0);
                let until = (1..=2_000).find(|_| port.second(paused(even(), even()), 0.0) >= level);
                seconds += until.unwrap_or(2_000) as u32;
                reached += u32::from(until.is_some());
            }
            let mean = f64::from(seconds) / f64::from(reached.max(1));
            assert!(mean >= level.exp(), "{story}: {level} nats after {mean} s");
        }
    }
}
