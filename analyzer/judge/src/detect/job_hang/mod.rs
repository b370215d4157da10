//! Job hang: a job stands still in the midst of a collective, and of its hosts a few have not begun that collective.
//!
//! ```text
//! iterations sent   h0 ────▗▄▟······      7.4     busy 97 %   has begun: sends what it can, and waits
//!                   h1 ────▗▄▄▟·····      7.5     busy 98 %
//!                   h2 ────▗▄▟······      7.4     busy 97 %
//!                   h3 ─────────····      7.0     busy  2 %   has not begun, and does something else: it hangs
//!                            ├ 3 iterations ┤
//! ```
//! | what stands where | told |
//! |---|---|
//! | all at one level, or all at one place | nothing: a checkpoint, an evaluation |
//! | a few have not begun, the others live, and these few do something else | `job_hang` of these hosts |
//! | the same, but they do what the others do, or a link of the job is in trouble | `job_hang` of the job: who has probably not begun |
//! | nobody at a level, or many, and they live | `job_hang` of the job: it hangs or is cut off |
//! | any of these, and nothing tells that the others live | nothing: jobs are ended every day, and an ended one looks the same |
//! | hosts at places that no collective has: other traffic | nothing |
//!
//! **Who has not begun** is told by the levels of bytes (`levels.rs`), or by step marks where the loop sends them (`marks.rs`). Alone it
//! accuses nobody: when a job is ended, the first of its processes to go has not begun what the others have. So the others must live
//! afterwards, and the accused must do something else than they do: a rank that has begun, and whose link is dead, keeps its
//! GPU busy like all that wait (`life.rs`).
//!
//! **For how long.** An iteration of this job stands still throughout with a chance of at most 1/(n + 2), after n that did not (the rule
//! of succession). So many iterations must pass that this is no chance any more, and three at least:
//!
//! ```text
//! iterations = max( 3, V / ln (n + 2) )          V = 11.5 nats of 64 nodes (`budget.rs`), n = 40: 3.1 iterations
//! ```
//! Three ticks must tell of each host's life meanwhile. A stand that ended by itself was no hang, so that it must also last for twice the
//! longest of those, by levels or by marks, at most for as long as the library itself waits. Counts that are older than their stamps (`job_slow.rs`) are waited for.

mod levels;
mod life;
mod marks;
#[cfg(test)]
mod tests;

use super::armed::{Reason, Row, Tally, View, no_pace};
use super::job_slow::stamps_apart_s;
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::{Carries, DeviceId, Place};
use crate::features::Features;
use crate::incident::Kind;
use crate::kinds::{Class, FactKind, JobHang, JobStands};
use life::Lives;
use std::collections::BTreeSet;

const NAME: &str = "job_hang";
/// Iterations without a byte at least (reference/faults.md, class 27).
const LEAST_ITERATIONS: f64 = 3.0;
/// Readings of one place: a source that is read twice before it has refreshed repeats itself once.
const LEAST_READINGS: u32 = 3;
/// Ticks at least: how busy a host is, is read once a tick; of three the first may tell of the time before, and one may be lost.
const LEAST_TICKS: i64 = 3;
/// Of the longest stand that ended by itself, how long another one must last: the next is seldom twice as long.
const LONGER: f64 = 2.0;
/// After this time PyTorch's watchdog ends a collective of NCCL by default: no pause of a job that goes on is longer, s.
const WATCHDOG_S: f64 = 600.0;
/// At most one host in so many hangs: of more, diagnosis takes the work to have changed (`diagnose/outliers.rs`).
const FEW: usize = 10;
/// What a job costs the budget of the detector, for each of its hosts and ranks.
const LOOKS: usize = 4;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "hangs", facts: &[FactKind::JobHang, FactKind::JobStands], look: armed }],
};

/// Whether a job moves, as far as one witness sees.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Moves,
    /// It stands as it does between two iterations.
    Pauses,
    Stands(Stand),
}

/// A job that stands still in the midst of an iteration.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stand {
    since_ns: i64,
    stood_s: f64,
    iteration_s: f64,
    readings: u32,
    /// Iterations that are known from before.
    past: usize,
    /// The longest stand that ended by itself, s.
    longest_s: f64,
    begun: Vec<DeviceId>,
    not_begun: Vec<DeviceId>,
    /// Hosts that tell nothing.
    untold: usize,
}

impl Stand {
    fn hosts(&self) -> usize {
        self.begun.len() + self.not_begun.len() + self.untold
    }

    /// Those that have not begun, where they are few enough to be the ones that hang.
    fn few(&self) -> &[DeviceId] {
        if self.not_begun.len() <= (self.hosts() / FEW).max(1) { &self.not_begun } else { &[] }
    }
}

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        out.look_at(Spot::Job(job), LOOKS * (plan.devices.len() + features.jobs[job].ranks.len()));
        match see(features, job).filter(|_| plan.runs_at(features.now_ns)) {
            Some(Seen::Stands(stand)) => look(features, job, &stand, out),
            Some(Seen::Moves | Seen::Pauses) => goes_on(features, job, out),
            None if !plan.runs_at(features.now_ns) => out.over(FactKind::JobStands, Place::Job(job), "the job has ended"),
            None => {}
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::devices(spot, features).into_iter().for_each(|device| features.devices[device].forget_life());
}

/// By both witnesses. Bytes that flow are no hang, whatever the marks say; who has not begun is exact by marks.
fn see(features: &Features, job: usize) -> Option<Seen> {
    match (marks::see(features, job), levels::see(features, job)) {
        (_, Some(Seen::Moves)) | (Some(Seen::Moves), _) => Some(Seen::Moves),
        (Some(Seen::Stands(stand)), _) => Some(Seen::Stands(stand)),
        (_, by_levels) => by_levels,
    }
}

/// Nobody of the job hangs.
fn goes_on(features: &Features, job: usize, out: &mut Sink<'_>) {
    let hosts = features.topology.jobs[job].devices.iter().map(|&host| (FactKind::JobHang, Place::Device(host)));
    hosts.chain([(FactKind::JobStands, Place::Job(job))]).for_each(|(kind, place)| out.absent(kind, place));
}

fn look(features: &Features, job: usize, stand: &Stand, out: &mut Sink<'_>) {
    out.spend(stand.hosts() * features.topology.jobs.len());
    let watched = |kind: FactKind, place: Place| out.watches(kind, place);
    let is_open = |host: &DeviceId| watched(FactKind::JobHang, Place::Device(*host));
    let is_told = stand.not_begun.iter().any(is_open) || watched(FactKind::JobStands, Place::Job(job));
    let least_s = least_s(features, job, stand);
    if !is_told && (stand.readings < LEAST_READINGS || stand.stood_s < least_s) {
        return;
    }
    let lives = Lives::of(features, job, stand);
    if is_told && lives.others_are_gone() {
        let hosts = stand.not_begun.iter().map(|&host| (FactKind::JobHang, Place::Device(host)));
        let all = hosts.chain([(FactKind::JobStands, Place::Job(job))]);
        return all.for_each(|(kind, place)| out.over(kind, place, "the processes of its job do not live any more: it was ended"));
    }
    let accused: Vec<DeviceId> = match () {
        () if stand.not_begun.iter().any(is_open) => stand.not_begun.iter().copied().filter(is_open).collect(),
        () if stand.untold > 0 || is_explained(features, job, out) => Vec::new(),
        () => stand.few().iter().copied().filter(|&host| lives.is_elsewhere(host)).collect(),
    };
    if !is_told && stand.stood_s < WATCHDOG_S && stand.few().iter().any(|&host| lives.waits_for_disk(host)) {
        return; // a checkpoint that one rank writes: the others wait for it in the next collective
    }
    let strength = strength(stand.stood_s, least_s);
    let shows = Shows { since_ns: stand.since_ns, one_sided: true, strength, job: Some(job), ..Shows::default() };
    let (stood_s, iteration_s, begun) = (stand.stood_s, stand.iteration_s, stand.begun.len() as u32);
    for &host in &accused {
        // Who tells nothing of its life any more is said no new thing of.
        if let Some((busy, peers_busy)) = lives.against_peers(host) {
            let hang = JobHang { stood_s, iteration_s, begun, busy, peers_busy, by_gpus: lives.by_gpus() };
            out.present(Place::Device(host), shows, hang);
        }
    }
    let (name, place) = (|host: &DeviceId| features.topology.devices[*host].name.clone(), Place::Job(job));
    if let Some(first) = accused.first() {
        out.over(FactKind::JobStands, place, &format!("told as the hang of {} from now on", name(first)));
    } else if lives.others_live() {
        let (hosts, probable) = (stand.hosts() as u32, stand.few().iter().map(name).collect());
        out.present(place, shows, JobStands { stood_s, iteration_s, hosts, begun, probable });
    }
}

/// For how long a job must stand still, s.
fn least_s(features: &Features, job: usize, stand: &Stand) -> f64 {
    let by_chance = budget::cause(features, NAME, 1.0) / ((stand.past + 2) as f64).ln();
    let iterations_s = LEAST_ITERATIONS.max(by_chance) * stand.iteration_s;
    let apart_s = stamps_apart_s(features, &features.topology.jobs[job]);
    let told_s = (LEAST_TICKS * features.tick_ns) as f64 / 1e9;
    (iterations_s + apart_s).max(told_s).max((LONGER * stand.longest_s).min(WATCHDOG_S))
}

/// A port of the job is down, or a trouble is open where its bytes may pass, and may be what they wait for. Trouble inside a node
/// holds up that node alone: it explains nobody else.
fn is_explained(features: &Features, job: usize, out: &Sink<'_>) -> bool {
    let topology = &features.topology;
    let is_down = |port: usize| features.ports[port].link.is_down(features.now_ns);
    let is_trouble = |kind: &&FactKind| {
        let class = kind.class();
        class.kind == Kind::Hardware && class.delays_jobs && class.subject != Class::INSIDE.subject
    };
    let mut open = FactKind::ALL.iter().filter(is_trouble).flat_map(|kind| out.watched(*kind));
    topology.job_ports(&topology.jobs[job]).any(is_down)
        || open.any(|place| topology.carries_at(job, place) != Carries::No)
}

fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |_, job| {
        let is_known = view.features.jobs[job].pace.is_locked() || marks::see(view.features, job).is_some();
        let hosts = &view.features.topology.jobs[job].devices;
        let live = hosts.iter().filter(|&&host| view.features.tells_life(host)).count();
        match view.stands_still || !is_known {
            true => Some(no_pace(&view.features.jobs[job].pace)),
            false => (2 * live < hosts.len()).then_some(NO_LIFE),
        }
    });
}

const NO_LIFE: Reason = (
    "nothing tells whether its processes live, and a job that was ended looks like one that hangs",
    "collectors that read the GPUs of its nodes, or `cpu_busy_percent` of table host",
);

/// The devices of these, each once, in order.
fn each_once(devices: impl Iterator<Item = DeviceId>) -> Vec<DeviceId> {
    devices.collect::<BTreeSet<_>>().into_iter().collect()
}
