//! A host that receives slowly: it pauses its switch. Who is named, at which severity, and until when.

use crate::incident::{Incident, Severity, State};
use crate::testkit::{Extra, Interval, Scene, iteration, star};

const PERIOD: i64 = 1_070_000_000;

/// A job on h0 to h3, and what their cards have counted of pauses that they sent.
struct Story {
    scene: Scene,
    /// Who tells: the hosts, or the switch of what it receives from them.
    ports: [(&'static str, &'static str); 4],
    counter: &'static str,
    counted: [f64; 4],
}

impl Story {
    /// A minute in which nobody pauses its switch.
    fn begin(counter: &'static str) -> Story {
        let ports = match counter.starts_with("tx") {
            true => ["h0", "h1", "h2", "h3"].map(|host| (host, "eth1")),
            false => ["swp0", "swp1", "swp2", "swp3"].map(|port| ("leaf", port)),
        };
        let mut story = Story { scene: Scene::new(star(4)), ports, counter, counted: [5.0; 4] };
        story.seconds(60, [0.0; 4], 1.0);
        story
    }

    /// Seconds in which the hosts count so many pauses each, and the job sends so much of what it sent.
    fn seconds(&mut self, seconds: usize, more: [f64; 4], pace: f64) {
        for _ in 0..seconds {
            self.counted.iter_mut().zip(more).for_each(|(counted, more)| *counted += more);
            let told = |((device, port), counted)| (device, port, &*vec![(self.counter, counted)].leak());
            let told = self.ports.into_iter().zip(self.counted).map(told).collect();
            let slowed = |_: &str, at: i64| {
                let usual = iteration(at, PERIOD, 0);
                Interval { sent: usual.sent * pace, ..usual }
            };
            self.scene.second(slowed, Extra { told, ..Extra::default() });
        }
    }

    fn only(&self) -> &Incident {
        assert_eq!(self.scene.opened().len(), 1, "{:?}", self.scene.opened());
        self.scene.incidents.values().next().expect("one incident")
    }
}

#[test]
fn a_host_that_pauses_its_switch_is_named_and_as_severe_as_what_it_costs() {
    for (counter, pace, severity) in [
        ("tx_pause_us", 1.0, Severity::Info),
        ("tx_pause_frames", 1.0, Severity::Info),
        ("rx_pause_us", 1.0, Severity::Info),
        ("tx_pause_us", 0.7, Severity::Critical),
    ] {
        let mut story = Story::begin(counter);
        story.seconds(20, [0.0, 3e5, 0.0, 0.0], pace);
        let incident = story.only();
        let culprit = &incident.culprits[0];
        assert_eq!((&*incident.class, &*culprit.device, &*culprit.port), ("slow_receiver", "h1", "eth1"));
        assert_eq!((incident.severity, &*incident.family), (severity, "congestion"), "{counter} {pace}");
        assert_eq!(incident.jobs[0].job, "train");
        story.seconds(30, [0.0; 4], 1.0);
        assert_eq!(story.only().state, State::Resolved);
    }
}

#[test]
fn hosts_that_all_begin_to_pause_have_a_common_cause() {
    let mut story = Story::begin("tx_pause_us");
    story.seconds(20, [2e5, 3e5, 1e5, 0.0], 1.0);
    assert_eq!(story.scene.opened(), []);
}
