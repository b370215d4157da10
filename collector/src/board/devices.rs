//! Whose entities are on the board: the collector's own device, and those that it reads from afar.
//!
//! A collector that runs on node `n1` and asks the switches `leaf-1` and `leaf-2` by gNMI speaks of three devices. Device 0 is always the
//! collector's own; the others follow in the order in which they were named first.

use weft_wire::DeviceKind;

/// A device's place on the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(u16);

impl DeviceId {
    /// The collector's own device.
    pub const OWN: DeviceId = DeviceId(0);
}

/// A device that is not the collector's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The name that the plan has for it.
    pub name: String,
    pub kind: DeviceKind,
}

/// Devices other than the collector's own. One that is no longer read keeps its place, which costs its name, and has it again when it
/// comes back.
#[derive(Debug, Default)]
pub(super) struct Devices {
    others: Vec<Device>,
}

impl Devices {
    /// The place of the device of this name, which must not be the collector's own. `None` when 65,535 others have been named.
    pub fn id(&mut self, name: &str, kind: DeviceKind) -> Option<DeviceId> {
        let at = self.others.iter().position(|device| device.name == name).unwrap_or(self.others.len());
        let id = DeviceId(u16::try_from(at + 1).ok()?);
        match self.others.get_mut(at) {
            Some(device) => device.kind = kind,
            None => self.others.push(Device { name: name.to_owned(), kind }),
        }
        Some(id)
    }

    /// `None` for the collector's own.
    pub fn get(&self, id: DeviceId) -> Option<&Device> {
        self.others.get(usize::from(id.0).checked_sub(1)?)
    }

    pub fn with_ids(&self) -> impl Iterator<Item = (DeviceId, &Device)> {
        (1..).map(DeviceId).zip(&self.others)
    }
}
