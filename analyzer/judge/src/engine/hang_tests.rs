//! A job in a ring that stands still from second 100 on: who is accused, by which witness, and when nobody is.

use crate::fabric::StepMark;
use crate::incident::{Incident, Kind, Severity, State};
use crate::testkit::{Extra, Interval, PortCounters, SAMPLE, SECOND, Scene, event, star};

const STEP_S: f64 = 1.6;
const TRANSFER_S: f64 = 0.64;
const BYTES: f64 = 5e6;
/// The step in which it stands still begins its collective then.
const STANDS: f64 = 62.0;
const STANDS_S: f64 = STANDS * STEP_S + STEP_S - TRANSFER_S;
/// Part of its collective in which a rank that hangs never takes part.
const HANGS: usize = 3;

/// What happens in the collective of step 62.
#[derive(Clone, Copy, PartialEq)]
enum Story {
    /// The rank on h3 does not begin it.
    Hang,
    /// All processes end in its midst, those of h3 a moment before it.
    Ended,
    /// All end when they have begun.
    EndedWithin,
    /// All write a checkpoint before it.
    Checkpoint,
}

/// How much of the collective a host does before it stands still: in a ring as far as its neighbours let it.
fn place(story: Story, host: usize) -> f64 {
    let after = (host + 8 - HANGS) % 8;
    match story {
        Story::Checkpoint => 0.0,
        Story::EndedWithin => 0.3 + 0.05 * host as f64,
        Story::Hang | Story::Ended => [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.07][after],
    }
}

/// Iterations that a host has sent by a moment, s since the story began. It stands still for so long.
fn sent(story: Story, host: usize, at_s: f64, stands_s: f64) -> f64 {
    let running = |at_s: f64| {
        let steps = at_s / STEP_S;
        steps.floor() + ((steps.fract() * STEP_S - (STEP_S - TRANSFER_S)) / TRANSFER_S).max(0.0)
    };
    if at_s < STANDS_S {
        return running(at_s);
    }
    let stood = STANDS + (running(at_s) - STANDS).min(place(story, host));
    stood.max(running(at_s - stands_s).max(STANDS))
}

/// GPUs of these hosts, all busy for so many percent of the time.
macro_rules! gpus {
    ($percent:literal: $($host:literal)+) => { &[$(($host, "gpu0", &[("utilization_percent", $percent)])),+] };
}
const RUN: &[PortCounters] = gpus!(97.0: "h0" "h1" "h2" "h3" "h4" "h5" "h6" "h7");
const DEAD: &[PortCounters] = gpus!(0.0: "h0" "h1" "h2" "h3" "h4" "h5" "h6" "h7");
const ONE_IDLES: &[PortCounters] = &[
    ("h0", "gpu0", &[("utilization_percent", 97.0)]),
    ("h1", "gpu0", &[("utilization_percent", 97.0)]),
    ("h2", "gpu0", &[("utilization_percent", 97.0)]),
    ("h3", "gpu0", &[("utilization_percent", 2.0)]),
    ("h4", "gpu0", &[("utilization_percent", 97.0)]),
    ("h5", "gpu0", &[("utilization_percent", 97.0)]),
    ("h6", "gpu0", &[("utilization_percent", 97.0)]),
    ("h7", "gpu0", &[("utilization_percent", 97.0)]),
];

/// Readings that a second adds, by its number and when it begins.
type Adds<'a> = &'a dyn Fn(u32, i64) -> Extra;

fn scene(story: Story, stands_s: f64, seconds: u32, adjust: impl FnOnce(&mut Scene), adds: Adds<'_>) -> Scene {
    let mut scene = Scene::new(star(8));
    adjust(&mut scene);
    let began_ns = scene.now_ns();
    for second in 0..seconds {
        let traffic = |host: &str, at_ns: i64| {
            let host: usize = host[1..].parse().expect("h0 to h7");
            let seconds = |ns: i64| (ns - began_ns) as f64 / 1e9;
            let bytes = |host: usize| {
                let by = |ns: i64| sent(story, host, seconds(ns), stands_s);
                (by(at_ns + SAMPLE) - by(at_ns)).max(0.0) * BYTES
            };
            Interval { sent: bytes(host), back: Some(bytes((host + 7) % 8)), ..Interval::default() }
        };
        let extra = adds(second, scene.now_ns());
        scene.second(traffic, extra);
    }
    scene
}

/// GPUs are busy while the job runs, and then do this.
fn gpus(after: &'static [PortCounters], stands_s: f64) -> impl Fn(u32, i64) -> Extra {
    move |second, _| {
        let stands = (STANDS_S..STANDS_S + stands_s).contains(&f64::from(second));
        Extra { told: if stands { after.to_vec() } else { RUN.to_vec() }, ..Extra::default() }
    }
}

fn opened(scene: &Scene) -> Vec<&Incident> {
    scene.incidents.values().filter(|incident| incident.opened_ns.is_some()).collect()
}

#[test]
fn the_host_that_does_not_begin_is_named_within_some_iterations_and_ends_when_the_job_goes_on() {
    let scene = scene(Story::Hang, 40.0, 190, |_| (), &gpus(ONE_IDLES, 40.0));
    let incidents = opened(&scene);
    let [incident] = incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&*incident.class, &*incident.culprits[0].device, incident.culprits.len()), ("job_hang", "h3", 1));
    assert_eq!((incident.kind, incident.severity), (Kind::Hardware, Severity::Critical));
    let after_s = (incident.opened_ns.expect("opened") - 1_000 * SECOND) as f64 / 1e9 - STANDS_S;
    assert!((3.0 * STEP_S..5.0 * STEP_S).contains(&after_s), "{after_s}");
    let lost = incident.jobs[0].lost_step_time.expect("measured");
    assert!(lost > 0.9, "{lost}");
    let said = "h3 hung: its job stood still for ";
    assert!(incident.sentence.contains(said), "{}", incident.sentence);
    assert_eq!(incident.state, State::Resolved);
}

/// Nobody is accused: what is told of the job, if anything.
fn check(story: Story, stands_s: f64, adds: Adds<'_>, expected: Option<(Severity, &str)>) {
    let scene = scene(story, stands_s, 160, |_| (), adds);
    let incidents = opened(&scene);
    let Some((severity, said)) = expected else { return assert!(incidents.is_empty(), "{incidents:?}") };
    let [incident] = incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&*incident.class, incident.kind, incident.culprits.len()), ("job_hang", Kind::Job, 0));
    assert_eq!(incident.severity, severity, "{}", incident.sentence);
    assert!(incident.sentence.contains(said), "{}", incident.sentence);
}

#[test]
fn nobody_is_accused_where_nothing_lives_or_nobody_does_anything_else() {
    let forever = 1e3;
    check(Story::Hang, forever, &gpus(RUN, forever), Some((Severity::Warning, "h3 has probably not begun it")));
    check(
        Story::EndedWithin,
        forever,
        &gpus(RUN, forever),
        Some((Severity::Warning, "8 of its 8 hosts have begun it")),
    );
    check(Story::Ended, forever, &gpus(DEAD, forever), None);
    check(Story::EndedWithin, forever, &gpus(DEAD, forever), None);
    check(Story::Hang, forever, &|_, _| Extra::default(), None);
}

#[test]
fn a_checkpoint_is_no_hang_whoever_writes_it() {
    check(Story::Checkpoint, 30.0, &gpus(DEAD, 30.0), None);
    // The rank on h3 writes it alone, while the others wait for it in the next collective.
    let gpus = gpus(ONE_IDLES, 30.0);
    let writes = |second: u32, now_ns: i64| {
        let stands = (STANDS_S..STANDS_S + 30.0).contains(&f64::from(second));
        let mut extra = gpus(second, now_ns);
        extra.io = (0..8).map(|host| (format!("h{host}"), if stands && host == HANGS { 0.8 } else { 0.0 })).collect();
        extra
    };
    check(Story::Hang, 30.0, &writes, None);
}

#[test]
fn a_link_that_is_down_explains_it() {
    let gpus = gpus(ONE_IDLES, 1e3);
    let down = |second: u32, now_ns: i64| {
        let told = [(0, "link_up"), (100, "link_down")].into_iter().filter(|(at, _)| *at == second);
        let events = told.map(|(_, what)| event(now_ns + SAMPLE, "h5", "eth1", what)).collect();
        Extra { events, ..gpus(second, now_ns) }
    };
    let scene = scene(Story::Hang, 1e3, 150, |_| (), &down);
    assert_eq!(scene.opened(), [("link_down".to_owned(), "h5".to_owned(), "eth1".to_owned())]);
}

#[test]
fn a_job_that_ends_hangs_no_more() {
    let ends = |scene: &mut Scene| {
        let mut plan = star(8);
        let end_ns = scene.now_ns() + 115 * SECOND;
        plan.jobs.iter_mut().for_each(|job| job.end_ns = Some(end_ns));
        *scene = Scene::new(plan);
    };
    for gpus in [gpus(ONE_IDLES, 1e3), gpus(RUN, 1e3)] {
        let scene = scene(Story::Hang, 1e3, 140, ends, &gpus);
        let incidents = opened(&scene);
        assert_eq!(incidents.iter().map(|incident| incident.state).collect::<Vec<_>>(), [State::Resolved]);
    }
}

#[test]
fn marks_tell_it_of_a_job_whose_bytes_have_no_levels() {
    let mut scene = Scene::new(star(8));
    let began_ns = scene.now_ns();
    let gpus = gpus(ONE_IDLES, 1e3);
    for second in 0..120 {
        let steps = (0..=62).flat_map(|step| (0..8).map(move |rank| (step, rank)));
        let steps = steps.filter(|&(step, rank)| step < 62 || rank != HANGS).map(|(step, rank)| {
            let ns = |s: f64| began_ns + (s * 1e9) as i64;
            let (start_ns, end_ns) = (ns(f64::from(step) * STEP_S), ns(f64::from(step) * STEP_S + 0.96));
            let (job, phase, device) = ("train".to_owned(), "compute".to_owned(), format!("h{rank}"));
            StepMark { job, rank: rank as i32, device, step: i64::from(step), phase, start_ns, end_ns }
        });
        let now_ns = scene.now_ns();
        let steps = steps.filter(|mark| (now_ns..now_ns + SECOND).contains(&mark.end_ns)).collect();
        // Bytes that flow evenly.
        let bytes = if f64::from(second) < STANDS_S { 3e5 } else { 0.0 };
        scene.second(|_, _| Interval { sent: bytes, ..Interval::default() }, Extra { steps, ..gpus(second, now_ns) });
    }
    assert_eq!(scene.opened(), [("job_hang".to_owned(), "h3".to_owned(), String::new())]);
}
