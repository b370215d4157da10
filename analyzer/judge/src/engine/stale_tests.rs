//! Counters that are older than the stamps of their readings: a source that refreshes its counts every ten seconds accuses
//! nobody, however often it is read, and a loss on its cable is still found where the traffic can tell it.

use crate::engine::{Engine, EngineConfig};
use crate::fabric::Tick;
use crate::testkit::{SECOND, Scene, star};

/// A fabric of three hosts that is read for as long as a test says.
#[derive(Clone, Copy, Debug)]
struct Story {
    tick_ns: i64,
    /// Between two readings of any port.
    read_ns: i64,
    /// How seldom the counters of `stale` are refreshed; 0: they are fresh at every reading.
    refresh_ns: i64,
    stale: &'static str,
    /// Packets a second that the hosts send, and that they receive.
    sends: f64,
    receives: f64,
    /// Of the packets that `h1` sends, the part that never arrives.
    lost: f64,
}

impl Story {
    /// Packets sent and received up to a moment by one end of a cable: the traffic rests a third of every three seconds.
    fn counts(&self, device: &str, host: &str, ts_ns: i64) -> [f64; 2] {
        let as_of_ns = match self.refresh_ns {
            refresh_ns if refresh_ns > 0 && device == self.stale => ts_ns.div_euclid(refresh_ns) * refresh_ns,
            _ => ts_ns,
        };
        let (rounds, rest) = (as_of_ns.div_euclid(3 * SECOND), as_of_ns.rem_euclid(3 * SECOND));
        let busy_s = (2 * rounds) as f64 + (rest.min(2 * SECOND) as f64 / SECOND as f64);
        let lost = if host == "h1" { self.lost } else { 0.0 };
        match device {
            "leaf" => [busy_s * self.receives, busy_s * self.sends * (1.0 - lost)],
            _ => [busy_s * self.sends, busy_s * self.receives],
        }
    }

    /// The incidents that were opened in so many seconds: class and device.
    fn opened(&self, seconds: i64) -> Vec<String> {
        let mut scene = Scene::new(star(3));
        scene.engine = Engine::new(star(3), EngineConfig::of_tick(self.tick_ns));
        let begin_ns = 1_000 * self.tick_ns;
        let mut readings = (1..).map(|reading| begin_ns + reading * self.read_ns).peekable();
        for index in 1_000..1_000 + seconds * SECOND / self.tick_ns {
            let (start_ns, end_ns) = (index * self.tick_ns, (index + 1) * self.tick_ns);
            let told: Vec<i64> = std::iter::from_fn(|| readings.next_if(|ts_ns| *ts_ns < end_ns)).collect();
            let batches = if told.is_empty() { Vec::new() } else { self.batches(&mut scene, &told) };
            let tick = Tick { index, start_ns, end_ns, batches, events: vec![], steps: vec![], silent: vec![] };
            let outcome = scene.engine.on_tick(&tick, &scene.entities);
            scene.incidents.extend(outcome.incidents.iter().map(|i| (i.id.clone(), i.clone())));
        }
        scene.opened().into_iter().map(|(class, device, _)| format!("{class} {device}")).collect()
    }

    fn batches(&self, scene: &mut Scene, told: &[i64]) -> Vec<crate::fabric::TickBatch> {
        let mut batches = Vec::new();
        for host in ["h0", "h1", "h2"] {
            for (device, port) in [(host, "eth1".to_owned()), ("leaf", format!("swp{}", &host[1..]))] {
                let reading = |&ts_ns: &i64| {
                    let [tx, rx] = self.counts(device, host, ts_ns);
                    (ts_ns, [tx * 1e3, rx * 1e3, tx.round(), rx.round(), 0.0, 0.0], 0.0)
                };
                let readings: Vec<_> = told.iter().map(reading).collect();
                batches.push(scene.batch(device.to_owned(), port, &readings));
            }
        }
        batches
    }
}

const MS: i64 = SECOND / 1000;

#[test]
fn a_source_that_refreshes_seldom_accuses_nobody() {
    let mut accused = Vec::new();
    for (tick_s, refresh_s, read_ms) in [
        (10, 10, 10_700),
        (1, 10, 10_700),
        (10, 10, 10_100),
        (1, 10, 9_300),
        (10, 10, 9_900),
        (1, 10, 1_000),
        (1, 1, 1_030),
        (1, 1, 970),
        (1, 2, 1_000),
        (5, 5, 5_100),
        (1, 60, 1_000),
        (10, 30, 31_000),
    ] {
        for stale in ["h1", "leaf"] {
            for (sends, receives) in [(4_000.0, 0.0), (0.0, 4_000.0), (4_000.0, 4_000.0), (4_000.0, 400.0)] {
                let (tick_ns, refresh_ns, read_ns) = (tick_s * SECOND, refresh_s * SECOND, read_ms * MS);
                let story = Story { tick_ns, read_ns, refresh_ns, stale, sends, receives, lost: 0.0 };
                let opened = story.opened(read_ms * 220 / 1000);
                if !opened.is_empty() {
                    accused.push((story, opened));
                }
            }
        }
    }
    assert!(accused.is_empty(), "{} of 96: {accused:#?}", accused.len());
}

#[test]
fn a_loss_is_found_where_the_way_back_or_its_amount_excludes_that_stamps_show_it() {
    let fresh = Story {
        tick_ns: SECOND,
        read_ns: 100 * MS,
        refresh_ns: 0,
        stale: "",
        sends: 4_000.0,
        receives: 4_000.0,
        lost: 0.02,
    };
    let stories = [
        fresh,
        Story { receives: 400.0, ..fresh },
        Story { read_ns: SECOND, ..fresh },
        Story { tick_ns: 10 * SECOND, read_ns: 10_700 * MS, lost: 0.1, ..fresh },
        // One way alone: a quarter of the packets of 32 ticks are more than two readings' worth.
        Story { read_ns: 970 * MS, receives: 0.0, lost: 0.25, ..fresh },
    ];
    for story in stories {
        assert_eq!(story.opened(story.read_ns * 90 / SECOND + 60), ["silent_drop h1"], "{story:?}");
    }
}
