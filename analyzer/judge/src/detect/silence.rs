//! Sensor dropout: a device whose collector tells nothing while others do. A fault of the telemetry, never of the device.

use super::{Detector, Shows, Sink, Spot, armed};
use crate::fabric::Place;
use crate::features::Features;
use crate::kinds::{FactKind, Silent};

/// Flush periods missed before silence is said; class 26 asks for the interval plus grace. Where one frame in ten comes
/// too late, four missing in a row are everyday, six one in a million.
const MISSED_FLUSHES: i64 = 5;
/// When more than this part of all devices is silent at once, the way of the data is broken, not the devices.
const ALL_SILENT: f64 = 0.5;

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for device in Spot::devices(spot, features) {
        (features.devices[device].seen_ns, features.devices[device].silent) = (None, None);
    }
}

pub const DETECTOR: Detector = Detector {
    name: "silence",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row { detector: "sensor_dropout", facts: &[FactKind::Silent], look: armed::silence::look }],
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
            if seen_ns > features.now_ns - 2 * features.tick_ns {
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
