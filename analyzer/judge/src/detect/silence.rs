//! Sensor dropout: a device whose collector has sent nothing for a while, while others do. It is a fault of the telemetry
//! and never one of the device.
//!
//! ```text
//! frames of a collector     |   |   |   |   |   |   ·   ·   ·   ·   ·         flush period 1 s
//!                                               └──────── age ──────┘
//! silent, if  age  >  5 · max(flush period, tick)
//! ```
//! Example: a collector sends a frame each second. After its last frame nothing is said for 5 s, in ticks of 1 s; from then
//! on its devices are silent since that frame.

use super::{Detector, Shows, Sink, Spot};
use super::armed::{Reason, Row, Tally, View};
use crate::fabric::Place;
use crate::features::Features;
use crate::kinds::{FactKind, Silent};

/// Flush periods without a frame before a device is silent; reference/faults.md, class 26, asks for the interval plus grace.
/// Where one frame in ten comes too late, four late ones in a row happen every three hours (one in 10⁴ seconds), six once
/// in eleven days (one in 10⁶).
const MISSED_FLUSHES: i64 = 5;
/// When more than this part of all devices is silent at once, the way of the data is broken and not the devices: one cause
/// that more than half of the devices share is likelier than as many causes of their own.
const ALL_SILENT: f64 = 0.5;
/// Ticks back to which a device must have been seen for its silence to be over: the tick of now or the one before, for a
/// frame may come one tick late.
const SEEN_TICKS: i64 = 2;

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for device in Spot::devices(spot, features) {
        (features.devices[device].seen_ns, features.devices[device].silent) = (None, None);
    }
}

const ALONE: Reason = ("only one device tells anything", "a second collector: silence is told against others");
const NEVER: Reason = ("never heard", "run a collector there");
const NONE_HEARD: Reason = ("none is heard now", "see Collectors: the way of the data is broken");

pub const DETECTOR: Detector = Detector {
    name: "silence",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "sensor_dropout", facts: &[FactKind::Silent], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let known = features.devices.iter().filter(|d| d.seen_ns.is_some()).count();
    let silent = features.devices.iter().filter(|d| d.silent.is_some() && d.seen_ns.is_some()).count();
    if silent as f64 > known as f64 * ALL_SILENT {
        return;
    }
    for (id, device) in features.devices.iter().enumerate() {
        let place = Place::Device(id);
        out.look_at(Spot::Place(place), 1);
        let Some(seen_ns) = device.seen_ns else { continue };
        let Some(silent) = device.silent else {
            if seen_ns > features.now_ns - SEEN_TICKS * features.tick_ns {
                out.absent(FactKind::Silent, place);
            }
            continue;
        };
        let (age_ns, grace_ns) =
            (features.now_ns - silent.since_ns, MISSED_FLUSHES * silent.flush_period_ns.max(features.tick_ns));
        if age_ns <= grace_ns {
            continue;
        }
        let shows = Shows { since_ns: silent.since_ns, one_sided: true, strength: 1.0, ..Shows::default() };
        let [age_s, flush_period_s] = [age_ns, silent.flush_period_ns].map(|ns| ns as f64 / 1e9);
        out.present(place, shows, Silent { age_s, flush_period_s });
    }
}

/// `sensor_dropout`: of devices that tell anything, while there are others to compare them with.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    let known = features.devices.iter().filter(|device| device.seen_ns.is_some()).count();
    for (id, device) in features.devices.iter().enumerate() {
        match device.seen_ns {
            None => tally.off("devices", NEVER),
            Some(_) if view.stands_still => tally.off("devices", NONE_HEARD),
            Some(_) if known < 2 => tally.off("devices", ALONE),
            Some(_) => tally.ports += features.topology.devices[id].ports.len(),
        }
    }
}
