//! Notifications that hosts send and that nobody acts on.
//!
//! Over the hosts that send to each other
//!
//! ```text
//! z of a slot  =  r · sent − acted on,   r = acted on / sent, before          summed over time
//! ```
//! wanders within bounds, for a notification is acted on a moment after it was sent, and hosts are read a moment apart. What is
//! summed up since the host fell silent must be beyond that: by Student's t of the z before, at the chance of `detect/budget.rs`.
//! And it must be what the silent hosts would have acted on: half of it at least, for they may meet less congestion than before,
//! and twice of it at most, else somebody else is missing too.
//!
//! Example: z wandered by 8,000 before, with 18 slots known. Of 2.9 million notifications in three slots 560,000 are missing, where
//! t = 4.7 would allow 53,000; y0 acted on 18 % of all before, which would be 510,000.

use super::silent::Silence;
use crate::fabric::PortId;
use crate::features::{Features, SLOT_TICKS};
use crate::statistics::student_t;

const ADDS_UP: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// Slots of before that z must be known from.
const LEAST: usize = 6;

pub struct Missing {
    /// Of what is sent, what nobody acts on, 0 to 1.
    pub part: f64,
    /// The job whose hosts were compared; `None`: all hosts.
    pub among: Option<usize>,
}

/// `silent`: all hosts that fell silent, with this one.
pub fn find(
    features: &Features,
    port: PortId,
    silence: &Silence,
    silent: &[(PortId, Silence)],
    chance: f64,
) -> Option<Missing> {
    let job = job_of(features, port);
    let notices = job.map_or(&features.notices, |job| &features.jobs[job].notices).as_deref()?;
    let Silence { now, before, .. } = *silence;
    let before = before.filter(|slot| notices.knows(slot));
    let ((sent_before, handled_before), (sent_now, handled_now)) = (notices.sum(before), notices.sum(now));
    let count = before.count() as f64;
    if before.count() < LEAST || sent_before <= 0.0 || sent_now <= 0.0 {
        return None;
    }
    let ratio = handled_before / sent_before;
    let missing = ratio * sent_now - handled_now;
    let mut z = 0.0;
    let zs: Vec<f64> = before
        .iter()
        .map(|slot| {
            let (sent, handled) = notices.sum(before.only(slot));
            z += ratio * sent - handled;
            z
        })
        .collect();
    let mean = zs.iter().sum::<f64>() / count;
    let variance = zs.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // Both ends of the time wander.
    let allowed = student_t(chance, count - 1.0) * (2.0 * variance).sqrt();
    let with_it = silent.iter().filter(|(other, _)| job.is_none() || job_of(features, *other) == job);
    let usual: f64 = with_it.map(|(_, silence)| silence.usual).sum::<f64>() * SLOT_TICKS as f64;
    let expected = usual * now.count() as f64 * (sent_now / now.count() as f64) / (sent_before / count);
    let adds_up = expected > 0.0 && ADDS_UP.contains(&(missing / expected));
    (missing > allowed && adds_up).then_some(Missing { part: missing / (ratio * sent_now), among: job })
}

/// The one job that runs on the port's host; `None` where none does, or several.
fn job_of(features: &Features, port: PortId) -> Option<usize> {
    let mut jobs = features.topology.jobs_on(features.topology.ports[port].device, features.now_ns);
    jobs.next().filter(|_| jobs.next().is_none())
}
