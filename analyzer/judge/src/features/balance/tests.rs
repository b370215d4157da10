//! Switches with two ports: what comes in by the first leaves by the second.

use super::*;
use crate::features::Count;
use nonmax::NonMaxI64;

const SECOND: i64 = 1_000_000_000;

/// A switch that is read once a second.
#[derive(Default)]
struct Switch {
    balance: Balance,
    ports: [PortState; 2],
    /// Packets received and sent, by port.
    counts: [[i64; 2]; 2],
    tick: i64,
}

/// What one second brings.
#[derive(Clone, Copy, Default)]
struct Second {
    packets: i64,
    lost: i64,
    /// Of the lost ones, those that are counted as dropped.
    dropped: i64,
    /// Ports that are not read.
    unread: usize,
    /// µs for which the second port was paused.
    paused_us: i64,
}

/// One packet in a hundred vanishes.
const LOSSY: Second = Second { packets: 1_000, lost: 10, dropped: 0, unread: 0, paused_us: 0 };

/// What it tells of, and what each of its seconds brings.
type Story = (&'static str, fn(i64) -> Second);

impl Switch {
    fn second(&mut self, Second { packets, lost, dropped, unread, paused_us }: Second) {
        self.tick += 1;
        self.counts[0][0] += packets;
        self.counts[1][1] += packets - lost;
        let count = |count: i64| -> Count { NonMaxI64::new(count) };
        for (at, port) in self.ports.iter_mut().enumerate().skip(unread) {
            let [rx_packets, tx_packets] = self.counts[at].map(count);
            let before = port.packets;
            port.packets = Some(Sample { ts_ns: self.tick * SECOND, rx_packets, tx_packets, ..Sample::default() });
            (port.thrown, port.paused_us) = if at == 1 { (dropped as f32, paused_us as f32) } else { (0.0, 0.0) };
            self.balance.add(port, before, true, self.tick * SECOND);
        }
        self.balance.close(self.tick, SECOND / 2, || 2);
    }

    /// A hundred sound seconds of 1,000 packets, and then these.
    fn after_sound(seconds: impl Iterator<Item = Second>) -> Switch {
        let mut switch = Switch::default();
        (0..100).for_each(|_| switch.second(Second { packets: 1_000, ..Second::default() }));
        seconds.for_each(|second| switch.second(second));
        switch
    }
}

#[test]
fn what_comes_in_and_does_not_go_out_is_a_loss_from_its_beginning_to_its_end() {
    let sound = Second { lost: 0, ..LOSSY };
    let loss = *Switch::after_sound((0..30).map(|_| LOSSY)).balance.loss().expect("30 s of 1 %");
    assert!(loss.nats > 23.0 && (loss.since_tick - 101).abs() <= 2, "{loss:?}");
    assert!((loss.ratio() - 0.01).abs() < 1e-3 && (loss.per_tick() - 10.0).abs() < 1.0, "{loss:?}");
    let mut switch = Switch::after_sound((0..30).map(|_| LOSSY));
    (0..20).for_each(|_| switch.second(sound));
    assert_eq!(switch.balance.loss(), None);
    (0..120).for_each(|_| switch.second(sound));
    assert_eq!(switch.balance.loss(), None, "what is over is not found again");
}

#[test]
fn what_is_counted_or_paused_or_lost_at_once_is_no_loss() {
    let table: [Story; 5] = [
        ("it counts them", |_| Second { dropped: 10, ..LOSSY }),
        ("the port is paused", |_| Second { paused_us: 600_000, ..LOSSY }),
        ("what a paused port holds comes out again", |at| match at % 2 {
            0 => Second { lost: -100, paused_us: 600_000, ..LOSSY },
            _ => Second { lost: 100, ..LOSSY },
        }),
        ("one burst", |at| Second { lost: if at == 10 { 900 } else { 0 }, ..LOSSY }),
        ("an end is not read", |_| Second { unread: 1, ..LOSSY }),
    ];
    for (story, second) in table {
        let switch = Switch::after_sound((0..40).map(second));
        assert_eq!(switch.balance.loss(), None, "{story}");
    }
}

#[test]
fn a_port_that_is_not_read_now_and_then_hides_nothing() {
    let at = |second: i64| Second { unread: usize::from(second % 3 == 0), ..LOSSY };
    let switch = Switch::after_sound((0..40).map(at));
    assert!(switch.balance.loss().is_some_and(|loss| (loss.ratio() - 0.01).abs() < 1e-3));
    assert!(switch.balance.points_since(101) < 30);
}

#[test]
fn a_new_port_begins_the_balance_anew() {
    let mut switch = Switch::after_sound((0..30).map(|_| LOSSY));
    switch.ports[0].packets = None;
    switch.second(LOSSY);
    assert!(switch.balance.loss().is_none() && !switch.balance.is_told(switch.tick));
}
