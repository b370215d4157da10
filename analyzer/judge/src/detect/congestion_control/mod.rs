//! Congestion control off: a host is notified of congestion that it makes, acts on none of it any more, and sends on.
//!
//! ```text
//! slots of four ticks, thousands of notifications   before                    since 78.5 s
//! acted on by y0                                    150 174 134 160 162 178     0    0    0    0
//! sent by all hosts                                 826 866 816 846 926 926   904 1020  940  960
//! acted on by all hosts                             826 866 814 848 920 920   706  842  770  756       a fifth is missing
//! sent by y0, Gbit/s                                33.8 ...                  35.9 ...
//! ```
//! Two witnesses must agree, and neither knows of the other:
//!
//! 1. **The host falls silent** (`silent.rs`): it acts on none for longer than it used to (`features/notices.rs`), and sends half of its
//!    bytes at least.
//! 2. **Notifications are missing** (`missing.rs`): of those that the hosts of its job send, or all hosts where it runs none, as many
//!    more are acted on by nobody as this host would have acted on. That a host is simply not in anybody's way any more takes
//!    none away.
//!
//! | silent | missing | verdict |
//! |---|---|---|
//! | yes | as much as its part of before, ½ to 2 of it | `congestion_control_off` at the host's port |
//! | yes | no | nothing: its bytes meet no congestion |
//! | no | yes | nothing: they go to hosts that are not read |
//!
//! Where more than half of all hosts that act on notifications fall silent together, the fabric was set up anew (another kind of
//! congestion control needs none), and no host is accused.

mod missing;
mod silent;
#[cfg(test)]
mod tests;

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::{Carries, Place, PortId};
use crate::features::episode::SUSPICIOUS;
use crate::features::followed::is_notice;
use crate::features::{Features, Hears, SLOT_TICKS, SLOTS};
use crate::kinds::{CongestionControlOff, FactKind};
use missing::Missing;
use silent::Silence;

const NAME: &str = "congestion_control";
/// More than this part of those that could have a share in it have a common cause.
const COMMON: f64 = 0.5;
/// A job that became slower within so many ticks of it may be slow by it: the time in which a bend of its pace is known to some
/// iterations, and the time that a host may have gone unnotified by chance before.
const TOGETHER_TICKS: i64 = 20;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: NAME, facts: &[FactKind::CongestionControlOff], look: armed }],
};

/// Looks when a slot is complete.
fn detect(features: &Features, out: &mut Sink<'_>) {
    if (features.tick + 1).rem_euclid(SLOT_TICKS) != 0 || features.notices.is_none() {
        return;
    }
    let newest = (features.tick + 1).div_euclid(SLOT_TICKS) - 1;
    let acts = |port: &PortId| features.ports[*port].hears.usual().is_some();
    let all: Vec<PortId> = (0..features.ports.len()).filter(acts).collect();
    out.spend(all.len());
    let is_suspicious = |port: &&PortId| features.ports[**port].hears.nats() > f64::from(SUSPICIOUS);
    let silent = all.iter().filter(is_suspicious).filter_map(|&port| Some((port, silent::since(features, port, newest)?)));
    let silent: Vec<(PortId, Silence)> = silent.collect();
    if silent.len() == 1 || silent.len() as f64 <= COMMON * all.len() as f64 {
        for (port, silence) in &silent {
            out.look_at(Spot::Place(Place::Port(*port)), silent.len() + SLOTS);
            judge(features, *port, silence, &silent, out);
        }
    }
    let is_heard = |place: &Place| matches!(place, Place::Port(port) if silent::is_heard(features, *port));
    let over: Vec<Place> = out.watched(FactKind::CongestionControlOff).filter(is_heard).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::CongestionControlOff, place));
}

fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].hears = Hears::default());
}

/// A: of both witnesses together. The second one says with a chance of e^−V what it says.
fn bar(features: &Features) -> f64 {
    let slot_ns = SLOT_TICKS * features.tick_ns;
    budget::change(features, NAME, slot_ns) - budget::cause(features, NAME, 1.0).max(0.0)
}

fn judge(features: &Features, port: PortId, silence: &Silence, suspicious: &[(PortId, Silence)], out: &mut Sink<'_>) {
    let bar = bar(features);
    if silence.nats < bar {
        return;
    }
    let chance = budget::chance(features, NAME);
    let Some(Missing { part, among }) = missing::find(features, port, silence, suspicious, chance) else { return };
    let topology = &features.topology;
    let among = among.map_or_else(String::new, |job| topology.jobs[job].name.clone());
    let shows = Shows {
        since_ns: silence.since_ns,
        until_ns: None,
        port: Some(port),
        one_sided: true,
        strength: strength(silence.nats, bar),
        job: delayed(features, port, silence.since_ns),
    };
    let tick_s = features.tick_ns as f64 / 1e9;
    let silent_s = (features.now_ns - silence.since_ns) as f64 / 1e9;
    let payload = CongestionControlOff { silent_s, usual: silence.usual / tick_s, missing: part, among, nats: silence.nats };
    // The place is the port and not its cable: the cable carries what it is given.
    out.present(Place::Port(port), shows, payload);
}

/// The job that loses most since the same time, of those whose bytes pass the host's switch.
fn delayed(features: &Features, port: PortId, since_ns: i64) -> Option<usize> {
    let topology = &features.topology;
    let switch = topology.ports[topology.far(port)?].device;
    let together_ns = TOGETHER_TICKS * features.tick_ns;
    let slower = (0..topology.jobs.len()).filter_map(|job| {
        let (slow_ns, slow) = features.jobs[job].pace.slow()?;
        let is_together = (slow_ns - since_ns).abs() <= together_ns;
        let is_there = topology.jobs[job].runs_at(features.now_ns) && topology.carries_through(job, switch) != Carries::No;
        (is_together && is_there).then_some((job, slow.loss))
    });
    slower.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(job, _)| job)
}

const OF_SWITCH: Reason = ("a port of a switch", "nothing to do: hosts act on notifications");
const NO_NOTICES: Reason =
    ("it counts no notifications of congestion", "marking in the fabric, and a driver that counts cnp_sent and cnp_handled");

/// Of ports of hosts that count notifications.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    let tells = view.features.ports_that_tell(is_notice);
    view.each_port(tally, |port| match topology.devices[topology.ports[port].device].is_switch {
        true => Some(OF_SWITCH),
        false => (!tells[port]).then_some(NO_NOTICES),
    });
}
