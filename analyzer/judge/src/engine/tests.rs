//! The engine as a whole, told plain readings: what it names, and above all what it does not.

use crate::fabric::{Silence, StepMark};
use crate::incident::{Incident, State};
use crate::testkit::{Counted, Extra, Interval, SAMPLE, SECOND, Scene, event, iteration, star};

/// Not a whole number of samples, so that the phase of sampling wanders as it does in the field.
const PERIOD: i64 = 1_070_000_000;

fn healthy(scene: &mut Scene, seconds: usize) {
    for _ in 0..seconds {
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra::default());
    }
}

fn named(scene: &Scene) -> Vec<(String, String, String)> {
    scene.opened()
}

fn part(class: &str, device: &str, port: &str) -> (String, String, String) {
    (class.into(), device.into(), port.into())
}

#[test]
fn nothing_is_accused_in_a_healthy_fabric_nor_at_a_checkpoint() {
    let mut scene = Scene::new(star(8));
    healthy(&mut scene, 40);
    for _ in 0..3 {
        scene.second(|_, _| Interval::default(), Extra::default());
    }
    healthy(&mut scene, 40);
    assert_eq!(named(&scene), []);
}

#[test]
fn a_link_down_names_the_cable_says_the_loss_and_is_resolved_when_it_stays_up() {
    let mut scene = Scene::new(star(4));
    let up = |ports: &mut Vec<_>, ts| ports.push(event(ts, "leaf", "swp2", "link_up"));
    let mut events = Vec::new();
    up(&mut events, scene.now_ns());
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    healthy(&mut scene, 30);
    let events = vec![event(scene.now_ns() + SAMPLE, "leaf", "swp2", "link_down")];
    scene.second(|_, _| Interval::default(), Extra { events, ..Extra::default() });
    assert_eq!(named(&scene), [part("link_down", "h2", "eth1")]);
    for _ in 0..7 {
        scene.second(|_, _| Interval::default(), Extra::default());
    }
    let events = vec![event(scene.now_ns(), "leaf", "swp2", "link_up")];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    healthy(&mut scene, 31);
    let incident = scene.incidents.values().next().expect("one incident");
    assert_eq!(scene.incidents.len(), 1);
    assert_eq!(incident.state, State::Resolved);
    assert!(incident.jobs[0].lost_step_time.is_some_and(|lost| lost > 0.9), "{:?}", incident.jobs);
    assert_eq!((incident.culprits[0].peer_device.as_str(), incident.culprits[0].peer_port.as_str()), ("leaf", "swp2"));
}

#[test]
fn a_second_down_while_open_renames_the_same_incident_a_flap() {
    let mut scene = Scene::new(star(4));
    for kind in ["link_up", "link_down", "link_up", "link_down", "link_up"] {
        let events = vec![event(scene.now_ns(), "h1", "eth1", kind)];
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    }
    assert_eq!(named(&scene), [part("link_flap", "h1", "eth1")]);
}

#[test]
fn many_links_of_one_device_down_together_are_one_incident() {
    let mut scene = Scene::new(star(6));
    let all = |kind: &str, ts: i64| (0..6).map(|i| event(ts, "leaf", &format!("swp{i}"), kind)).collect();
    let events = all("link_up", scene.now_ns());
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    let events = all("link_down", scene.now_ns());
    scene.second(|_, _| Interval::default(), Extra { events, ..Extra::default() });
    assert_eq!(named(&scene), [part("device_down", "leaf", "")]);
    let events = all("link_up", scene.now_ns());
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    healthy(&mut scene, 31);
    assert!(scene.open().is_empty(), "all its links are up again");
}

#[test]
fn what_a_fault_costs_is_still_said_when_the_time_before_it_is_forgotten() {
    let mut scene = Scene::new(star(4));
    let events = vec![event(scene.now_ns(), "leaf", "swp2", "link_up")];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    healthy(&mut scene, 60);
    let mut events = vec![event(scene.now_ns(), "leaf", "swp2", "link_down")];
    for _ in 0..250 {
        let slowly = |_: &str, at| Interval { sent: iteration(at, PERIOD, 0).sent / 2.0, ..Interval::default() };
        scene.second(slowly, Extra { events: std::mem::take(&mut events), ..Extra::default() });
    }
    let lost = scene.open()[0].jobs[0].lost_step_time;
    assert!(lost.is_some_and(|lost| (lost - 0.5).abs() < 0.05), "{lost:?}");
}

#[test]
fn a_straggler_is_none_when_its_job_is_over() {
    let mut plan = star(8);
    plan.jobs.iter_mut().for_each(|job| job.end_ns = Some(1_032 * SECOND));
    let mut scene = Scene::new(plan);
    healthy(&mut scene, 20);
    let late = |host: &str, at| iteration(at, PERIOD, if host == "h5" { 150_000_000 } else { 0 });
    (0..12).for_each(|_| _ = scene.second(late, Extra::default()));
    assert_eq!(scene.open().len(), 1);
    (0..12).for_each(|_| _ = scene.second(|_, _| Interval::default(), Extra::default()));
    assert!(scene.open().is_empty());
}

#[test]
fn a_port_never_seen_up_is_no_fault() {
    let mut scene = Scene::new(star(4));
    let events = vec![event(scene.now_ns(), "leaf", "swp3", "link_down")];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    healthy(&mut scene, 5);
    assert_eq!(named(&scene), []);
}

#[test]
fn packets_that_vanish_on_a_cable_name_it_and_one_lost_burst_does_not() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 20);
    let burst = scene.now_ns() + 6 * SAMPLE;
    let lossy = |host: &str, at: i64, lost: f64| Interval {
        lost: if host == "h1" { lost } else { 0.0 },
        ..iteration(at, PERIOD, 0)
    };
    scene.second(|host, at| lossy(host, at, if at == burst { 0.9 } else { 0.0 }), Extra::default());
    healthy(&mut scene, 10);
    assert_eq!(named(&scene), []);
    for _ in 0..6 {
        scene.second(|host, at| lossy(host, at, 0.02), Extra::default());
    }
    assert_eq!(named(&scene), [part("silent_drop", "h1", "eth1")]);
    healthy(&mut scene, 20);
    assert!(scene.open().is_empty());
}

#[test]
fn ends_of_a_cable_that_count_different_packets_do_not_agree_and_accuse_nobody() {
    let mut scene = Scene::new(star(4));
    let agree = |scene: &Scene, host: &str| {
        let features = scene.engine.features();
        features.ends_agree(features.topology.find_port(host, "eth1").expect("planned"))
    };
    healthy(&mut scene, 5);
    assert_eq!(agree(&scene, "h1"), None, "too little has passed");
    for _ in 0..200 {
        // Each packet is counted twice.
        let more = |host: &str| if host == "h1" { -1.0 } else { 0.0 };
        scene.second(|host, at| Interval { lost: more(host), ..iteration(at, PERIOD, 0) }, Extra::default());
    }
    assert_eq!((agree(&scene, "h1"), agree(&scene, "h2")), (Some(false), Some(true)));
    assert_eq!((scene.engine.features().cables_at_odds(), named(&scene)), (1, vec![]));
}

#[test]
fn who_counts_the_lost_packets_tells_what_became_of_them() {
    let classes =
        [(Counted::Nobody, Some("silent_drop")), (Counted::AsErrors, Some("lossy_link")), (Counted::AsDiscards, None)];
    for (counted, class) in classes {
        let mut scene = Scene::new(star(4));
        healthy(&mut scene, 20);
        for _ in 0..8 {
            let lost = |host: &str| if host == "h1" { 0.02 } else { 0.0 };
            let lossy = |host: &str, at| Interval { lost: lost(host), counted, ..iteration(at, PERIOD, 0) };
            scene.second(lossy, Extra::default());
        }
        let expected: Vec<_> = class.map(|class| part(class, "h1", "eth1")).into_iter().collect();
        assert_eq!(named(&scene), expected);
    }
}

#[test]
fn a_standing_queue_served_below_the_plan_is_a_slow_link_and_at_the_plan_is_none() {
    for (rate, expected) in [(0.5, vec![part("slow_link", "h3", "eth1")]), (1.0, vec![])] {
        let mut scene = Scene::new(star(4));
        healthy(&mut scene, 10);
        for _ in 0..6 {
            let queued = |host: &str, at| match host {
                "h3" => Interval { sent: 1_250_000.0 * rate, queue_bytes: 200_000.0, ..Interval::default() },
                _ => iteration(at, PERIOD, 0),
            };
            scene.second(queued, Extra::default());
        }
        assert_eq!(named(&scene), expected);
    }
}

#[test]
fn a_slow_end_is_not_cleared_by_a_sound_way_back() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 10);
    let rest = |host: &str, at, of_h3: Interval| if host == "h3" { of_h3 } else { iteration(at, PERIOD, 0) };
    let slow = Interval { sent: 625_000.0, queue_bytes: 200_000.0, ..Interval::default() };
    (0..6).for_each(|_| _ = scene.second(|host, at| rest(host, at, slow), Extra::default()));
    assert_eq!(named(&scene), [part("slow_link", "h3", "eth1")]);
    let receives = Interval { back: Some(1_250_000.0), ..Interval::default() };
    (0..30).for_each(|_| _ = scene.second(|host, at| rest(host, at, receives), Extra::default()));
    assert_eq!(scene.open().len(), 1, "nothing was seen of the way that was slow");
}

#[test]
fn a_slow_link_is_over_when_it_carries_a_load_and_no_queue_stands_and_not_when_it_merely_rests() {
    for (part_of_full, still_open) in [(0.4, 0), (0.05, 1)] {
        let mut scene = Scene::new(star(4));
        healthy(&mut scene, 10);
        let rest = |host: &str, at, of_h3: Interval| if host == "h3" { of_h3 } else { iteration(at, PERIOD, 0) };
        let slow = Interval { sent: 625_000.0, queue_bytes: 200_000.0, ..Interval::default() };
        (0..6).for_each(|_| _ = scene.second(|host, at| rest(host, at, slow), Extra::default()));
        assert_eq!(scene.open().len(), 1);
        let calm = Interval { sent: 1_250_000.0 * part_of_full, ..Interval::default() };
        (0..20).for_each(|_| _ = scene.second(|host, at| rest(host, at, calm), Extra::default()));
        assert_eq!(scene.open().len(), still_open, "at {part_of_full} of its rate");
    }
}

#[test]
fn a_port_that_gets_its_data_in_bursts_is_no_slow_link_however_often_its_queue_is_seen() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 10);
    // Half the time at full rate, in bursts shorter than a sample: half of the readings see the queue of one.
    for _ in 0..20 {
        let bursts = |host: &str, at: i64| match host {
            "h3" => {
                let seen = (at / SAMPLE).rem_euclid(8) < 4;
                Interval { sent: 625_000.0, queue_bytes: if seen { 60_000.0 } else { 0.0 }, ..Interval::default() }
            }
            _ => iteration(at, PERIOD, 0),
        };
        scene.second(bursts, Extra::default());
    }
    assert_eq!(named(&scene), []);
}

#[test]
fn a_host_that_begins_late_every_iteration_is_the_straggler() {
    let mut scene = Scene::new(star(8));
    healthy(&mut scene, 20);
    let late = |host: &str, at| iteration(at, PERIOD, if host == "h5" { 150_000_000 } else { 0 });
    for _ in 0..12 {
        scene.second(late, Extra::default());
    }
    assert_eq!(named(&scene), [part("host_straggler", "h5", "")]);
}

#[test]
fn a_host_whose_data_comes_late_is_no_straggler() {
    let mut scene = Scene::new(star(8));
    healthy(&mut scene, 20);
    // h5 sends as long and rests as long as its peers, a little later: its network is behind, not its computing.
    for _ in 0..20 {
        let shift = |host: &str| if host == "h5" { 150_000_000 } else { 0 };
        scene.second(|host, at| iteration(at - shift(host), PERIOD, 0), Extra::default());
    }
    assert_eq!(named(&scene), []);
}

/// A second in which `h5` waits for a CPU as said, its peers hardly, and all send `sent` of their usual bytes without a
/// rest: no onset shows.
fn pressed(scene: &mut Scene, share: f64, sent: f64) {
    let pressure = (0..8).map(|i| (format!("h{i}"), if i == 5 { share } else { 0.01 })).collect();
    let traffic = |_: &str, _| Interval { sent: 600_000.0 * sent, ..Interval::default() };
    scene.second(traffic, Extra { pressure, ..Extra::default() });
}

#[test]
fn a_host_whose_stalls_explain_that_its_job_became_slower_is_the_straggler() {
    let mut scene = Scene::new(star(8));
    (0..30).for_each(|_| pressed(&mut scene, 0.02, 1.0));
    (0..12).for_each(|_| pressed(&mut scene, 0.4, 0.75));
    assert_eq!(named(&scene), [part("host_straggler", "h5", "")]);
    let lost = scene.incidents.values().next().expect("one").jobs[0].lost_step_time;
    assert!(lost.is_some_and(|lost| (lost - 0.25).abs() < 0.02), "{lost:?}");
    let shown = &scene.incidents.values().next().expect("one").evidence[0];
    assert_eq!((shown.evidence.counter.as_str(), shown.evidence.reference_of.as_str()), ("cpu_pressure_us", "peers"));
    (0..20).for_each(|_| pressed(&mut scene, 0.02, 1.0));
    assert!(scene.open().is_empty());
}

#[test]
fn stalls_that_cost_the_job_nothing_or_less_than_it_lost_or_are_its_habit_accuse_nobody() {
    for (before, share, sent) in [(0.02, 0.4, 1.0), (0.02, 0.2, 0.5), (0.4, 0.4, 0.75)] {
        let mut scene = Scene::new(star(8));
        (0..30).for_each(|_| pressed(&mut scene, before, 1.0));
        (0..20).for_each(|_| pressed(&mut scene, share, sent));
        assert_eq!(named(&scene), [], "{before} {share} {sent}");
    }
}

#[test]
fn one_late_iteration_is_enough_only_where_the_hosts_own_stalls_explain_it() {
    const LONG: i64 = 5 * SECOND;
    // h5 waits for a CPU as said, and sends its share two seconds late, in less time.
    let seen_with = |share: f64, seconds: i64| {
        let mut scene = Scene::new(star(8));
        let begin_ns = scene.now_ns() + 8 * LONG;
        while scene.now_ns() < begin_ns + seconds * SECOND {
            let has_begun = scene.now_ns() >= begin_ns;
            let share = |i: usize| if has_begun && i == 5 { share } else { 0.01 };
            let pressure = (0..8).map(|i| (format!("h{i}"), share(i))).collect();
            let traffic = |host: &str, at| match (host, has_begun) {
                ("h5", true) => iteration(at, LONG, 2 * SECOND),
                _ => Interval { sent: iteration(at, LONG, 0).sent / 5.0, ..Interval::default() },
            };
            scene.second(traffic, Extra { pressure, ..Extra::default() });
        }
        let shown = |i: &Incident| (i.culprits[0].device.clone(), i.evidence[0].evidence.counter.clone());
        scene.incidents.values().map(shown).collect::<Vec<_>>()
    };
    let straggler = [("h5".to_owned(), "onset_lateness".to_owned())];
    assert_eq!(seen_with(0.5, 8), straggler);
    assert_eq!(seen_with(0.01, 8), [], "a hiccup, for all one knows");
    assert_eq!(seen_with(0.1, 8), [], "it stood still for less than half of the time");
    assert_eq!(seen_with(0.01, 15), straggler, "a habit");
}

#[test]
fn hosts_late_together_are_one_incident_that_names_them_all() {
    let mut scene = Scene::new(star(24));
    healthy(&mut scene, 20);
    let late = |host: &str| if matches!(host, "h5" | "h9") { 150_000_000 } else { 0 };
    for _ in 0..12 {
        scene.second(|host, at| iteration(at, PERIOD, late(host)), Extra::default());
    }
    assert_eq!(named(&scene), [part("host_straggler", "h5", "")]);
    let incident = scene.incidents.values().next().expect("one incident");
    let [verdict, other] = incident.culprits.as_slice() else { panic!("{:?}", incident.culprits) };
    assert_eq!((other.device.as_str(), other.confidence), ("h9", verdict.confidence));
    assert!(verdict.confidence < 0.5 && incident.confidence == verdict.confidence);
    assert!(
        incident.sentence.ends_with("or else it is h9, which began to be late with it, by as much"),
        "{incident:?}"
    );
    for _ in 0..6 {
        let extra = Extra { mute: vec!["h5".into()], ..Extra::default() };
        scene.second(|host, at| iteration(at, PERIOD, late(host)), extra);
    }
    assert_eq!(named(&scene).len(), 1, "h9 is not accused because h5 is not heard for a while");
}

#[test]
fn a_host_late_less_or_later_than_another_is_an_incident_of_its_own() {
    let mut scene = Scene::new(star(24));
    healthy(&mut scene, 20);
    for second in 0..30 {
        let late = |host: &str| match host {
            "h5" => 150_000_000,
            "h9" if second >= 10 => 150_000_000,
            _ => 0,
        };
        scene.second(|host, at| iteration(at, PERIOD, late(host)), Extra::default());
    }
    assert_eq!(named(&scene).len(), 2, "{:?}", named(&scene));
    assert!(scene.incidents.values().all(|i| i.culprits.len() == 1));
}

#[test]
fn a_link_down_whose_host_fell_silent_leaves_the_host_open() {
    let mut scene = Scene::new(star(4));
    let events = vec![event(scene.now_ns(), "leaf", "swp2", "link_up")];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    let last_ns = scene.now_ns();
    let mut events = vec![event(last_ns + SAMPLE, "leaf", "swp2", "link_down")];
    for _ in 0..8 {
        let silent =
            vec![Silence { collector: "h2".into(), devices: vec!["h2".into()], last_ns, flush_period_ns: SECOND }];
        let extra = Extra { events: std::mem::take(&mut events), silent, mute: vec!["h2".into()], ..Extra::default() };
        scene.second(|_, _| Interval::default(), extra);
    }
    let down = scene.incidents.values().find(|i| i.class == "link_down").expect("named");
    let places: Vec<_> = down.culprits.iter().map(|c| (c.device.as_str(), c.port.as_str())).collect();
    assert_eq!(places, [("h2", "eth1"), ("h2", "")]);
    assert_eq!(down.culprits[1].reason, "fell silent when the link went down");
    let dropout = scene.incidents.values().find(|i| i.class == "sensor_dropout").expect("said too");
    assert_eq!(dropout.culprits.len(), 1);
}

#[test]
fn two_links_of_one_device_in_the_same_trouble_leave_the_device_open() {
    let mut scene = Scene::new(star(8));
    let all = |kind: &str, ts: i64| ["swp1", "swp2"].map(|port| event(ts, "leaf", port, kind)).to_vec();
    let events = all("link_up", scene.now_ns());
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    let events = all("link_down", scene.now_ns());
    scene.second(|_, _| Interval::default(), Extra { events, ..Extra::default() });
    assert_eq!(named(&scene), [], "the leaf itself may be going down, and would be named instead");
    (0..3).for_each(|_| _ = scene.second(|_, _| Interval::default(), Extra::default()));
    assert_eq!(named(&scene).len(), 2);
    for incident in scene.incidents.values() {
        assert_eq!(incident.culprits.len(), 2);
        assert_eq!((incident.culprits[1].device.as_str(), incident.culprits[1].port.as_str()), ("leaf", ""));
        assert_eq!(incident.culprits[1].reason, "2 of its links show the same since the same time");
    }
}

/// A second in which each rank tells one step, and rank 2 computes as much longer as said.
fn marked(scene: &mut Scene, ranks: i32, longer_ns: i64) {
    let start_ns = scene.now_ns();
    let mark = |rank: i32| StepMark {
        job: "train".into(),
        rank,
        device: format!("h{rank}"),
        step: scene.tick,
        phase: "compute".into(),
        start_ns,
        end_ns: start_ns + 400_000_000 + i64::from(rank) * 1_000_000 + if rank == 2 { longer_ns } else { 0 },
    };
    let steps = (0..ranks).map(mark).collect();
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { steps, ..Extra::default() });
}

#[test]
fn marks_name_the_rank_that_computes_longer() {
    let mut scene = Scene::new(star(4));
    (0..16).for_each(|_| marked(&mut scene, 4, 0));
    (0..14).for_each(|_| marked(&mut scene, 4, 120_000_000));
    assert_eq!(named(&scene), [part("host_straggler", "h2", "")]);
}

#[test]
fn ranks_that_a_job_lost_are_not_waited_for() {
    let mut scene = Scene::new(star(12));
    (0..16).for_each(|_| marked(&mut scene, 12, 0));
    (0..40).for_each(|_| marked(&mut scene, 4, 0));
    (0..6).for_each(|_| marked(&mut scene, 4, 120_000_000));
    assert_eq!(named(&scene), [part("host_straggler", "h2", "")]);
}

#[test]
fn a_silent_collector_and_restarted_counters_are_faults_of_the_data_alone() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 10);
    let last_ns = scene.now_ns();
    for _ in 0..6 {
        let silent =
            vec![Silence { collector: "h2".into(), devices: vec!["h2".into()], last_ns, flush_period_ns: SECOND }];
        let extra = Extra { silent, mute: vec!["h2".into()], ..Extra::default() };
        scene.second(|_, at| iteration(at, PERIOD, 0), extra);
    }
    assert_eq!(named(&scene), [part("sensor_dropout", "h2", "")]);
    scene.restart_counters("h3");
    healthy(&mut scene, 5);
    assert_eq!(scene.open().len(), 1, "the dropout is over, the reset is told");
    assert!(named(&scene).contains(&part("counter_reset", "h3", "")));
}

#[test]
fn a_preview_says_what_the_tick_will_say() {
    let mut scene = Scene::new(star(4));
    let events = vec![event(scene.now_ns(), "leaf", "swp1", "link_up")];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
    let down = event(scene.now_ns() + SAMPLE, "leaf", "swp1", "link_down");
    let said = scene.engine.preview(&down);
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events: vec![down], ..Extra::default() });
    assert_eq!(said.len(), 1);
    let told = &scene.incidents[&said[0].id];
    assert_eq!((&told.class, &told.culprits), (&said[0].class, &said[0].culprits));
}
