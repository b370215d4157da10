//! Announced maintenance, from the event to what is told: a rack of 8 nodes of one leaf is rebooted, and the 4 other nodes of
//! that leaf run another job.

use super::*;
use crate::fabric::Silence;
use crate::incident::State;
use crate::testkit::{Extra, Interval, SECOND, Scene, event, iteration, star};
use std::ops::Range;

const PERIOD: i64 = 1_070_000_000;
const RACK: Range<usize> = 0..8;
/// Seconds of the story: when the work is announced, and its end; when the nodes are dark.
const ANNOUNCED_S: i64 = 40;
const END_S: i64 = 160;
const DARK_S: [Range<i64>; 2] = [42..70, 72..100];

fn two_jobs() -> Plan {
    let mut plan = star(12);
    for (host, job) in plan.jobs.iter_mut().enumerate() {
        job.job = if RACK.contains(&host) { "rebooted" } else { "other" }.to_owned();
    }
    plan
}

/// What the story is told with.
#[derive(Clone, Copy, Default)]
struct With {
    /// Second at which the announcement reaches weft, of work from [`ANNOUNCED_S`] on.
    announced_s: Option<i64>,
    /// This node does not come back at all.
    stays_dark: Option<usize>,
    restarted_s: Option<i64>,
}

fn story(seconds: i64, with: With) -> Scene {
    let mut scene = Scene::new(two_jobs());
    let begin_ns = scene.now_ns();
    for s in 0..seconds {
        let now_ns = scene.now_ns();
        let stays_dark = |host: usize| with.stays_dark == Some(host) && s >= DARK_S[0].start;
        let is_dark =
            |host: usize| RACK.contains(&host) && (DARK_S.iter().any(|dark| dark.contains(&s)) || stays_dark(host));
        let mut extra = Extra::default();
        for host in RACK.chain(8..12) {
            let goes = DARK_S.iter().any(|dark| dark.start == s) && RACK.contains(&host);
            let comes = s == 0 || DARK_S.iter().any(|dark| dark.end == s) && RACK.contains(&host);
            let name = format!("swp{host}");
            if goes {
                extra.events.push(event(now_ns + 1, "leaf", &name, "link_down"));
            } else if comes && !stays_dark(host) {
                extra.events.push(event(now_ns + 1, "leaf", &name, "link_up"));
            }
            if is_dark(host) {
                let node = format!("h{host}");
                let last_ns = begin_ns + DARK_S[0].start * SECOND;
                let devices = vec![node.clone()];
                extra.silent.push(Silence { collector: node.clone(), devices, last_ns, flush_period_ns: SECOND });
                extra.mute.push(node);
            }
        }
        if with.announced_s == Some(s) {
            let from_ns = begin_ns + ANNOUNCED_S * SECOND;
            let until_ns = begin_ns + END_S * SECOND;
            let text = format!("from_ns={from_ns} until_ns={until_ns} who=ops reason=new kernel");
            let told = |host| LinkEvent { text: text.clone(), ..event(now_ns, &format!("h{host}"), "", "maintenance") };
            extra.events.extend(RACK.map(told));
        }
        if with.restarted_s == Some(s) {
            let snapshot = scene.engine.snapshot(&scene.entities);
            scene.engine = Engine::restore(&two_jobs(), &EngineConfig::of_tick(SECOND), &snapshot).expect("sound");
        }
        let is_idle = |host: &str| host[1..].parse().is_ok_and(is_dark);
        scene.second(|host, at| if is_idle(host) { Interval::default() } else { iteration(at, PERIOD, 0) }, extra);
    }
    scene
}

/// Classes of what was opened and pages somebody, each once: faults of the telemetry page nobody who did not ask for them.
fn paging(scene: &Scene) -> Vec<String> {
    let may =
        |incident: &&Incident| incident.opened_ns.is_some() && matches!(incident.kind, Kind::Hardware | Kind::Job);
    let mut classes: Vec<String> = scene.incidents.values().filter(may).map(|i| i.class.clone()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

fn maintenance(scene: &Scene) -> Vec<&Incident> {
    scene.incidents.values().filter(|i| i.class == "maintenance").collect()
}

#[test]
fn an_announced_reboot_of_a_rack_is_told_as_that_and_pages_nobody() {
    let unannounced = paging(&story(200, With::default()));
    assert!(unannounced.contains(&"link_down".to_owned()) || unannounced.contains(&"device_down".to_owned()));
    let scene = story(400, With { announced_s: Some(ANNOUNCED_S), ..With::default() });
    assert_eq!(paging(&scene), Vec::<String>::new(), "{:#?}", scene.incidents);
    let told = maintenance(&scene);
    assert_eq!((told.len(), scene.incidents.len()), (1, 1), "one work, one incident: {told:#?}");
    let told = told[0];
    assert_eq!(
        (told.kind, told.severity, told.state),
        (Kind::Benign, crate::incident::Severity::Info, State::Resolved)
    );
    assert!(told.culprits.is_empty() && told.jobs.is_empty(), "{told:#?}");
    assert!(told.sentence.starts_with("h0, h1, h2 and 5 more were under maintenance until "), "{}", told.sentence);
    assert!(told.sentence.contains("(ops: new kernel); seen there meanwhile: "), "{}", told.sentence);
}

#[test]
fn a_restart_in_the_midst_of_the_work_changes_nothing() {
    let announced = With { announced_s: Some(ANNOUNCED_S), ..With::default() };
    let [through, restarted] = [None, Some(60)].map(|restarted_s| story(300, With { restarted_s, ..announced }));
    assert_eq!(through.incidents, restarted.incidents);
}

#[test]
fn what_outlasts_the_announced_end_is_told_once_its_link_had_its_time_to_train() {
    let with = With { announced_s: Some(ANNOUNCED_S), stays_dark: Some(3), ..With::default() };
    let until = |seconds: i64| story(seconds, with);
    assert_eq!(paging(&until(END_S + 29)), Vec::<String>::new());
    let later = until(END_S + 35);
    let down: Vec<_> = later.open().into_iter().filter(|i| i.class == "link_down").collect();
    assert_eq!(down.len(), 1, "{:#?}", later.incidents);
    let ends = [&down[0].culprits[0].device, &down[0].culprits[0].peer_device];
    assert!(ends.contains(&&"h3".to_owned()), "{ends:?}");
}

#[test]
fn what_was_told_before_the_work_was_announced_is_over_then() {
    let scene = story(ANNOUNCED_S + 20, With { announced_s: Some(ANNOUNCED_S + 10), ..With::default() });
    assert!(!paging(&scene).is_empty(), "nobody knew of the work");
    let open: Vec<&str> = scene.open().iter().map(|incident| incident.class.as_str()).collect();
    assert_eq!(open, ["maintenance"], "{:#?}", scene.incidents);
}

#[test]
fn a_link_at_work_is_not_foreseen_to_be_down() {
    let scene = story(ANNOUNCED_S + 2, With { announced_s: Some(ANNOUNCED_S), ..With::default() });
    let down = |port: &str| event(scene.now_ns() + 1, "leaf", port, "link_down");
    assert!(scene.engine.preview(&down("swp3")).is_empty());
    assert_eq!(scene.engine.preview(&down("swp9")).len(), 1, "the other rack's");
}
