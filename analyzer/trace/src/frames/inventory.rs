//! What a replayed device says of itself: a collector knows its ports and counters, a trace only shows them row by row.

use super::{BOOT, FrameSource, Speaker};
use crate::entities::TraceDevice;
use std::collections::BTreeSet;
use weft_wire::{
    CounterSource, DeviceDescriptor, DeviceKind, Inventory, Overflow, Part, PortDescriptor, Profile, Table,
};

impl FrameSource {
    /// Raises the inventory's version when the device has shown a new port or a new schema since its last one. Returns
    /// whether it did.
    pub(super) fn note_inventory(&mut self, device: usize) -> bool {
        let ports = self.entities.devices[device].ports.len();
        let speaker = &mut self.speakers[device];
        // Neither the ports nor the shapes of a device ever become fewer, so their sum changes when either does.
        let seen = ports + speaker.shapes.len();
        let changed = speaker.version == 0 || speaker.shown != seen;
        speaker.shown = seen;
        speaker.version += u64::from(changed);
        changed
    }

    /// The device, its ports with what feeds their counters, and the schemas it has used so far.
    pub(super) fn inventory(&self, device: usize) -> Inventory {
        let TraceDevice { name, is_switch, ports } = &self.entities.devices[device];
        let kind = if *is_switch { DeviceKind::Switch } else { DeviceKind::Node };
        let speaker = &self.speakers[device];
        let mut profiles: Vec<Profile> = Vec::new();
        let mut described = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let profile = self.profile(name, &port.name, port.table, speaker);
            let at = profiles.iter().position(|p| *p == profile).unwrap_or_else(|| {
                profiles.push(profile);
                profiles.len() - 1
            });
            described.push(PortDescriptor {
                index: index as i32,
                table: port.table,
                device: name.clone(),
                port: port.name.clone(),
                driver: String::new(),
                speed_bps: port.speed_bps,
                epoch: 0,
                part: Part::default(),
                position: String::new(),
                profile: at as u32,
                labels: Default::default(),
            });
        }
        let schema =
            |(table, shape): &(Table, usize)| self.shapes[*table as usize - 1].shapes[*shape].schema.as_ref().clone();
        Inventory {
            collector: name.clone(),
            boot: BOOT,
            version: speaker.version,
            devices: vec![DeviceDescriptor {
                device: name.clone(),
                kind,
                boot_id: String::new(),
                labels: Default::default(),
            }],
            ports: described,
            profiles,
            schemas: speaker.shapes.iter().map(schema).collect(),
            flush_period_ms: u32::try_from(self.manifest.tick_ns / 1_000_000).unwrap_or(u32::MAX).max(1),
            neighbors: Vec::new(),
        }
    }

    /// The counters that the device's rows of the port's table have shown so far. A counter that counters.csv does not name
    /// is taken for 64 bits wide and wrapping.
    fn profile(&self, device: &str, port: &str, table: Table, speaker: &Speaker) -> Profile {
        let shapes = speaker.shapes.iter().filter(|(of, _)| *of == table);
        let names: BTreeSet<&String> =
            shapes.flat_map(|(of, shape)| &self.shapes[*of as usize - 1].shapes[*shape].schema.counters).collect();
        let unknown = |name: &str| CounterSource {
            counter: name.to_owned(),
            source: "trace".to_owned(),
            raw_name: name.to_owned(),
            bits: 64,
            overflow: Overflow::Wrap,
            period_ms: 0,
        };
        let source = |name: &String| self.sources.find(device, port, name).cloned().unwrap_or_else(|| unknown(name));
        Profile { counters: names.into_iter().map(source).collect() }
    }
}
