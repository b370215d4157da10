//! `sensor_dropout`: of devices that tell anything, while there are others to compare them with.

use super::{Reason, Tally, View};

const ALONE: Reason = ("only one device tells anything", "a second collector: silence is told against others");
const NEVER: Reason = ("never heard", "run a collector there");
const ALL_SILENT: Reason = ("none is heard now", "see Collectors: the way of the data is broken");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    let known = features.devices.iter().filter(|device| device.seen_ns.is_some()).count();
    for (id, device) in features.devices.iter().enumerate() {
        match device.seen_ns {
            None => tally.off("devices", NEVER),
            Some(_) if view.stands_still => tally.off("devices", ALL_SILENT),
            Some(_) if known < 2 => tally.off("devices", ALONE),
            Some(_) => tally.ports += features.topology.devices[id].ports.len(),
        }
    }
}
