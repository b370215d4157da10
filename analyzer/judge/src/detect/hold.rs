//! Host straggler by levels: since its job is slower, one host has what it needs and has not begun for a larger part of each
//! iteration than its peers at the same time, and than before.
//!
//! ```text
//! iterations of the job   ╱╱╱╱╱╱╱╱│╱‾╱‾╱‾╱‾   slower since here, by 12 % of the step time
//! excess hold of h3       ▁▁▂▁▁▁▁▁│▅▁▆▅▁▅▆▅   mean since then 0.13, before 0.01; ln E = 8.1 ≥ 6.9: accused
//! excess hold of h4       ▁▂▁▁▁▂▁▁│▁▁▁▂▁▁▁▁   it waits for h3, and has begun: it does not hold
//! ```
//! The evidence is that of bets on the excess of each iteration (`statistics/betting.rs`). What the excess may be where nothing
//! is wrong with the host, p₀, is the greatest of
//!
//! - the mean of all hosts before, by the median host,
//! - its own mean before, which counts as one of 16 iterations more,
//! - the mean of its peers at the same time, which absorbs whatever makes all hosts ragged.
//!
//! Peers are hosts that also need nothing to begin, or that also wait for others' bytes, as parents in a tree do.
//!
//! A host is accused when ln E reaches ln (1,000 · r / F) and its mean excess is between half and twice what the job lost: the
//! excess is the part of the step that the host takes, and it can take no more than was lost. Where many hosts are
//! late alike, the cause is common and nobody is named; where a few are, only the one that stands out. Hosts that are late by a
//! slow receiver are its victims: that one is found by
//! its pauses (`pause_surge.rs`), and explains them (`diagnose/attribute.rs`).
//!
//! Step marks tell the same exactly (`compute_time.rs`); this looks at jobs with and without them. Readings at 1 Hz are enough.

use super::armed::{Row, Tally, View, no_pace};
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::{DeviceId, Place};
use crate::features::{Features, SHORTLY_NS};
use crate::features::pace::{Batch, Hold, JobPace, LEAST, Slow};
use crate::kinds::{Class, ExcessHold, FactKind};
use crate::statistics::{betting_nats, median};

const NAME: &str = "hold";
/// The effects that are bet on, as parts of what the job lost: hold is the part of the step that a host takes.
const EFFECTS: [f64; 3] = [0.5, 1.0, 2.0];
/// Of what the job lost, what the excess must be on the mean: it is all of it where communication does not overlap, and half
/// leaves room for sampling. A link that only lengthens transfers gives none.
const EXPLAINED: f64 = 0.5;
/// And what it may be at most: no more than the job lost, twice for sampling.
const AT_MOST: f64 = 2.0;
/// Iterations that must be known from before the slowing for a host's own past to count, and how many iterations the mean of
/// all counts as in it.
const OWN_PAST: usize = 24;
const SHRUNK_BY: f64 = 16.0;
/// Iterations from before for anything to be known, and what the excess may be where it is not.
const LEAST_PAST: usize = 8;
const UNKNOWN_PAST: f64 = 0.03;
/// Iterations since the slowing at least: one has no mean.
const LEAST_SINCE: usize = 2;
/// Hosts with this much evidence in nats are late: one chance in seven each. More of them than two, and than one in eight of
/// the job's hosts, have a common cause.
const LIKELY_NATS: f64 = 2.0;
const MANY: usize = 8;
const FEW: usize = 2;
/// A host stands out that is this much likelier to be the late one than all others with evidence together: nine to one. One
/// other is left out of them, for two hosts may be late at once; that three begin to be in the same iteration, each for a cause
/// of its own, is no chance that counts, and hosts that wait for a late one may seem late as it does.
const STANDS_OUT: f64 = 9.0;
/// Iterations over which a host that is accused must hold no more to be well again.
const RECENT: usize = 24;
/// Of the least excess, what a host holds at most that is well.
const WELL: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "straggler by levels", facts: &[FactKind::ExcessHold], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let alone = budget::cause(features, NAME, 1.0);
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        let runs = plan.runs_at(features.now_ns);
        let pace = &features.jobs[job].pace;
        let batches = pace.hold().batches();
        if runs && !batches.is_empty() {
            out.look_at(Spot::Job(job), batches.len() * plan.devices.len());
            look(job, pace, alone, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    let of = |job: &usize| spot.is_none_or(|spot| spot == Spot::Job(*job));
    (0..features.jobs.len()).filter(of).for_each(|job| features.jobs[job].pace = JobPace::default());
}

/// `alone`: the evidence in nats by which a host is accused without another witness.
fn look(job: usize, pace: &JobPace, alone: f64, out: &mut Sink<'_>) {
    let hosts: Vec<DeviceId> = pace.hosts().collect();
    let Some((since_ns, slow)) = pace.slow() else {
        if pace.line().pace().is_some() {
            hosts.into_iter().for_each(|host| out.absent(FactKind::ExcessHold, Place::Device(host)));
        }
        return;
    };
    let late = judge(pace.hold(), slow);
    let explains =
        |own: &&Late| own.excess >= LEAST.max(slow.loss * EXPLAINED) && own.excess <= slow.loss * AT_MOST;
    let recent = recent(pace.hold(), hosts.len());
    for (seat, &host) in hosts.iter().enumerate() {
        let place = Place::Device(host);
        let own = late.iter().find(|own| own.seat == seat).filter(explains);
        let own = own.filter(|own| match has_witness(place, since_ns, out) {
            true => own.nats >= LIKELY_NATS,
            false => own.nats >= alone && stands_out(own, &late),
        });
        if out.watches(FactKind::ExcessHold, place) && recent[seat] < LEAST * WELL {
            out.absent(FactKind::ExcessHold, place);
        } else if let Some(own) = own {
            let strength = strength(own.nats, alone);
            let until_ns = Some(pace.ns(own.until_s));
            let shows = Shows { since_ns, until_ns, one_sided: true, strength, job: Some(job), ..Shows::default() };
            let (iterations, iteration_s) = (own.iterations as u32, slow.usual_s);
            let Late { excess, nats, .. } = *own;
            out.present(place, shows, ExcessHold { excess, job_lost: slow.loss, iterations, nats, iteration_s });
        }
    }
}

/// Another kind of fact accuses the host of the same: this is no first witness, and likely is enough. A GPU that throttles, which
/// accuses nobody by itself, is one if it began when the job became slower.
fn has_witness(host: Place, since_ns: i64, out: &Sink<'_>) -> bool {
    let mut others = FactKind::of_subject(Class::STRAGGLER.subject).filter(|&kind| kind != FactKind::ExcessHold);
    others.any(|kind| {
        let began_with_it = |since: i64| !kind.class().is_reason || (since - since_ns).abs() <= SHORTLY_NS;
        out.claimed(kind, host).is_some_and(|claim| began_with_it(claim.since_ns))
    })
}

/// A host that may be late: its place among the job's hosts, and by how much of the step beyond its past.
#[derive(Clone, Copy, Debug)]
struct Late {
    seat: usize,
    excess: f64,
    nats: f64,
    iterations: usize,
    /// The last iteration in which it held by half of its mean excess: the bend that ends a slowing is seen later.
    until_s: f64,
}

/// The hosts that hold more than before since the job is slow; none where the cause is a common one.
fn judge(hold: &Hold, slow: Slow) -> Vec<Late> {
    let batches: Vec<&Batch> = hold.batches().iter().collect();
    let (before, since) = batches.split_at(batches.partition_point(|batch| batch.at_s < slow.since_s - slow.usual_s));
    if since.len() < LEAST_SINCE {
        return Vec::new();
    }
    let (now, past) = (Sums::of(since), Sums::of(before));
    let is_free = |seat: usize| hold.is_free(seat);
    let pools = [false, true].map(|free| past.pool(|seat| is_free(seat) == free));
    let hosts = now.hosts.len();
    let mut readings: Vec<f64> = since.iter().map(|batch| f64::from(batch.readings)).collect();
    let most = (2.0 * slow.loss).max(1.0 / median(&mut readings)).min(1.0);
    let effects = EFFECTS.map(|effect| effect * slow.loss);
    let all = [false, true].map(|free| {
        let alike = now.hosts.iter().enumerate().filter(|(seat, _)| is_free(*seat) == free);
        alike.fold((0.0, 0.0), |(all, told), (_, own)| (all + own.late, told + own.iterations))
    });
    let late = |seat: usize| {
        let (own, own_past) = (&now.hosts[seat], past.hosts.get(seat).copied().unwrap_or_default());
        let has_past = before.len() >= OWN_PAST;
        let excess = own.mean() - if has_past { own_past.mean() } else { 0.0 };
        if own.iterations < LEAST_SINCE as f64 || excess < LEAST || !(has_past || hold.is_free(seat)) {
            return None;
        }
        let (pool, (all, told)) = (pools[usize::from(is_free(seat))], all[usize::from(is_free(seat))]);
        let peers = (all - own.late) / (told - own.iterations).max(1.0);
        let own_before = (own_past.late + SHRUNK_BY * pool) / (own_past.iterations + SHRUNK_BY);
        // Laplace's rule of succession: a share that was never seen may still be one in as many.
        let before = if has_past { own_before } else { 0.0 };
        let null = pool.max(peers).max(before) + 1.0 / (since.len() * hosts) as f64;
        let values = since.iter().map(|batch| f64::from(batch.excess[seat])).filter(|excess| !excess.is_nan());
        let nats = betting_nats(values, null.min(0.5), &effects, most);
        let held = since.iter().rev().find(|batch| f64::from(batch.excess[seat]) >= excess * EXPLAINED);
        let until_s = held.map_or(slow.since_s, |batch| batch.at_s);
        Some(Late { seat, excess, nats, iterations: since.len(), until_s })
    };
    let late: Vec<Late> = (0..hosts).filter_map(late).collect();
    let likely = late.iter().filter(|own| own.nats > LIKELY_NATS).count();
    // Where one host waits for a certain other one to begin, as a parent in a tree for its child, both are seen to be late.
    let many = if hold.tells_hosts_apart() { FEW.max(hosts / MANY) } else { 1 };
    if likely > many { Vec::new() } else { late }
}

/// Of the hosts with evidence, but for the surest other one, this one is the likeliest by far.
fn stands_out(own: &Late, late: &[Late]) -> bool {
    let others = late.iter().filter(|other| other.seat != own.seat && other.nats > LIKELY_NATS);
    let mut chances: Vec<f64> = others.map(|other| (other.nats - own.nats).exp()).collect();
    chances.sort_by(f64::total_cmp);
    chances.pop();
    chances.iter().sum::<f64>() * STANDS_OUT <= 1.0
}

/// The excess of one host over some iterations.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// Its excess and its readings, by reading.
    excess: f64,
    readings: f64,
    /// Its excess where that is above 0, by iteration, and how many iterations told it.
    late: f64,
    iterations: f64,
}

impl Sum {
    fn mean(&self) -> f64 {
        if self.readings > 0.0 { self.excess / self.readings } else { 0.0 }
    }
}

struct Sums {
    hosts: Vec<Sum>,
    iterations: usize,
}

impl Sums {
    fn of(batches: &[&Batch]) -> Sums {
        let mut hosts = vec![Sum::default(); batches.last().map_or(0, |batch| batch.excess.len())];
        for batch in batches {
            let readings = f64::from(batch.readings);
            for (sum, excess) in hosts.iter_mut().zip(&batch.excess).filter(|(_, excess)| !excess.is_nan()) {
                let excess = f64::from(*excess);
                sum.excess += excess * readings;
                sum.readings += readings;
                sum.late += excess.max(0.0);
                sum.iterations += 1.0;
            }
        }
        Sums { hosts, iterations: batches.len() }
    }

    /// What the excess of a host is on the mean, by the median host.
    fn pool(&self, is_alike: impl Fn(usize) -> bool) -> f64 {
        if self.iterations < LEAST_PAST {
            return UNKNOWN_PAST;
        }
        let alike = self.hosts.iter().enumerate().filter(|(seat, host)| host.iterations > 0.0 && is_alike(*seat));
        let alike: Vec<&Sum> = alike.map(|(_, host)| host).collect();
        let mut means: Vec<f64> = alike.iter().map(|host| host.late / host.iterations).collect();
        let all: f64 = alike.iter().map(|host| host.iterations).sum();
        median(&mut means) + 1.0 / (all + 1.0)
    }
}

/// The mean excess of each host over the last iterations.
fn recent(hold: &Hold, hosts: usize) -> Vec<f64> {
    let last: Vec<&Batch> = hold.batches().iter().rev().take(RECENT).collect();
    let mut means: Vec<f64> = Sums::of(&last).hosts.iter().map(Sum::mean).collect();
    means.resize(hosts, 0.0);
    means
}

fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |_, job| {
        let pace = &view.features.jobs[job].pace;
        (view.stands_still || !pace.is_locked()).then(|| no_pace(pace))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::pace::tests::{FROM_S, LATE, Story, simulated};

    /// One wrong accusation in 1,000 node-days, nats.
    const BAR: f64 = 6.9;

    /// Who is accused first, and how many seconds after the story began.
    fn accused(story: Story) -> Option<(usize, u32)> {
        let from = FROM_S as u32;
        (from + 20..from + 160).step_by(10).find_map(|second| {
            let pace = simulated(story, second);
            let (_, slow) = pace.slow()?;
            let is_proven = |own: &Late| own.nats >= BAR && own.excess >= slow.loss * EXPLAINED;
            let late = judge(pace.hold(), slow).into_iter().filter(is_proven).map(|own| own.seat).collect::<Vec<_>>();
            assert!(late.len() <= 1, "{late:?}");
            late.first().map(|&seat| (seat, second - from))
        })
    }

    #[test]
    fn the_host_that_is_late_is_named_and_sooner_the_later_it_is() {
        let [small, large] = [0.12, 0.25].map(|share| accused(Story::LateHost(share)).expect("named"));
        assert_eq!((small.0, large.0), (LATE, LATE));
        assert!(large.1 <= 50 && large.1 < small.1, "{large:?} {small:?}");
    }

    #[test]
    fn nobody_is_named_where_all_are_slower_or_the_network_is() {
        for story in [Story::Healthy, Story::SlowLink(0.25), Story::LongerWork(0.25), Story::Pause(20.0)] {
            assert_eq!(accused(story), None, "{story:?}");
        }
    }

    #[test]
    fn of_three_that_are_late_alike_nobody_stands_out_and_of_two_both_do() {
        let check = |nats: &[f64], expected: &[bool]| {
            let late = |(seat, &nats): (usize, &f64)| Late { seat, excess: 0.1, nats, iterations: 9, until_s: 0.0 };
            let late: Vec<Late> = nats.iter().enumerate().map(late).collect();
            assert_eq!(late.iter().map(|own| stands_out(own, &late)).collect::<Vec<_>>(), expected, "{nats:?}");
        };
        check(&[8.0], &[true]);
        check(&[8.0, 7.5], &[true, true]);
        check(&[9.2, 7.7, 7.5, 7.1], &[false, false, false, false]);
        check(&[12.0, 8.0, 7.5, 7.1], &[true, false, false, false]);
        check(&[8.0, 1.9, 1.5, 1.0], &[true, true, true, true]);
    }
}
