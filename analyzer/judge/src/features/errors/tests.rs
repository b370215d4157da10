//! How soon damage shows, and how seldom a sound link is taken for a lossy one.

use super::*;

/// Marsaglia's xorshift, 2003.
struct Chance(u64);

impl Chance {
    /// Evenly from 0 to 1.
    fn even(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Events of a Poisson law, counted by the times between them.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut events, mut passed) = (0.0, -self.even().ln());
        while passed < mean {
            events += 1.0;
            passed -= self.even().ln();
        }
        events
    }
}

fn stream(counter: &str) -> Stream {
    let at = READS.iter().position(|read| read.counter == counter).expect("it is read");
    Stream::new(at as u8)
}

/// One port that is read tick by tick: packets and errors of each tick.
struct Port {
    stream: Stream,
    packets: f64,
    tick: i64,
}

impl Port {
    fn new(counter: &str, past_packets: f64) -> Port {
        Port { stream: stream(counter), packets: past_packets, tick: 0 }
    }

    fn tick(&mut self, packets: f64, errors: f64) -> f64 {
        self.packets += packets;
        self.tick += 1;
        self.stream.fresh = Some(errors);
        let against = Against { in_all: self.packets, begun: 0.0, ticks: self.packets / packets };
        self.stream.step(self.tick, against, SOUND);
        self.stream.rising(self.tick, SOUND).nats
    }
}

const SOUND: f64 = SOUND_BITS * PACKET_BITS;
/// 22.9 nats: ten streams a node read once a second, and one false alarm in 10,000 node-days.
const BAR: f64 = 22.9;

/// Ticks from the first error to an alarm, after so many packets without any.
fn alarms_after(past_packets: f64, packets: f64, errors: impl Fn(usize) -> f64) -> Option<usize> {
    let mut port = Port::new("rx_crc_errors", past_packets);
    (0..5_000).find(|&tick| port.tick(packets, errors(tick)) >= BAR).map(|tick| tick + 1)
}

#[test]
fn eight_ticks_with_errors_are_sure_however_many_errors_they_bring() {
    for (past, packets, errors, least, most) in [(1e8, 1e6, 15_000.0, 8, 10), (1e8, 1e6, 1.0, 12, 16)] {
        let alarm = alarms_after(past, packets, |_| errors).expect("an alarm");
        assert!((least..=most).contains(&alarm), "{errors} of {packets} after {past}: {alarm}");
    }
    let alarm = alarms_after(1e8, 1e5, |tick| f64::from(u8::from(tick % 20 == 0)));
    assert!(alarm.is_some_and(|alarm| alarm <= 500), "5 in 10⁷ is 7 times what the standard allows: {alarm:?}");
}

#[test]
fn one_burst_and_what_a_sound_link_may_do_are_no_alarm() {
    assert_eq!(alarms_after(1e8, 1e6, |tick| if tick < 3 { 1e5 } else { 0.0 }), None);
    assert_eq!(alarms_after(1e8, 1e6, |tick| f64::from(u8::from(tick % 14 == 0))), None, "0.07 a tick");
}

#[test]
fn a_port_that_always_counted_some_is_sick_when_it_counts_more() {
    let after = |times: f64| {
        let (mut port, mut chance) = (Port::new("rx_crc_errors", 0.0), Chance(7));
        (0..600).for_each(|_| _ = port.tick(3e8, chance.poisson(20.0)));
        (0..400).find(|_| port.tick(3e8, chance.poisson(20.0 * times)) >= BAR)
    };
    assert_eq!((after(1.0), after(1.5)), (None, None));
    assert!(after(10.0).is_some_and(|ticks| ticks < 30), "{:?}", after(10.0));
}

#[test]
fn a_fault_that_ends_is_over_and_was_not_usual() {
    let mut port = Port::new("rx_crc_errors", 1e8);
    (0..60).for_each(|_| _ = port.tick(1e6, 500.0));
    assert!(port.stream.rising(port.tick, SOUND).nats > BAR);
    let over = (0..40).find(|_| port.tick(1e6, 0.0) < f64::from(SUSPICIOUS));
    assert!(over.is_some_and(|ticks| (7..10).contains(&ticks)), "{over:?}");
    assert!(port.stream.usual.rate(SOUND) < 2e-5, "{:?}", port.stream.usual);
    assert!((0..12).any(|_| port.tick(1e6, 500.0) >= BAR), "and is seen again");
}

/// Fault-free counts of many kinds. Until the evidence reaches x nats by chance it takes e^x ticks or longer on the mean.
#[test]
fn sound_links_reach_so_many_nats_as_seldom_as_the_bound_says() {
    type Story = (&'static str, fn(&mut Chance, usize) -> (f64, f64));
    let stories: [Story; 7] = [
        ("idle, an error now and then", |chance, _| (10.0, f64::from(u8::from(chance.even() < 1e-4)))),
        ("as many as the standard allows", |chance, _| (1e6, chance.poisson(0.0737))),
        ("ten times what the standard allows, always", |chance, _| (1e5, chance.poisson(0.0737))),
        ("busy: many in each tick", |chance, _| (3e8, chance.poisson(20.0))),
        ("bursts of any size", |chance, _| {
            let burst = if chance.even() < 0.02 { (-50.0 * chance.even().ln()).ceil() } else { 0.0 };
            (1e6, burst)
        }),
        ("small bursts", |chance, _| (1e5, if chance.even() < 0.01 { 3.0 } else { 0.0 })),
        ("traffic that rests", |chance, tick| {
            let packets = if tick % 40 < 20 { 1e6 } else { 1e3 };
            (packets, chance.poisson(packets * 1e-6))
        }),
    ];
    for (story, count) in stories {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        for level in [3.0_f64, 5.0, 7.0] {
            let (mut ticks, mut reached) = (0_u32, 0_u32);
            for _ in 0..100 {
                let mut port = Port::new("rx_crc_errors", 0.0);
                let until = (1..=2_000).find(|&tick| {
                    let (packets, errors) = count(&mut chance, tick);
                    port.tick(packets, errors) >= level
                });
                ticks += until.unwrap_or(2_000) as u32;
                reached += u32::from(until.is_some());
            }
            let mean = f64::from(ticks) / f64::from(reached.max(1));
            assert!(mean >= level.exp(), "{story}: {level} nats after {mean} ticks");
        }
    }
}
