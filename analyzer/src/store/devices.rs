//! Devices: what the plan says of each, and what collectors say of it.

use super::Names;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_wire::Table;
use weft_wire::plan::Plan;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceView {
    pub device: String,
    /// `node` or `switch`.
    pub kind: String,
    pub tier: String,
    pub rack: String,
    pub pod: String,
    /// The collector that speaks of it; empty when planned but never heard of.
    pub collector: String,
    pub ports: usize,
    pub labels: BTreeMap<String, String>,
}

/// Every device of the plan and every device that only a collector speaks of; by name.
pub fn devices(plan: &Plan, names: &Names) -> Vec<DeviceView> {
    let mut devices: BTreeMap<&str, DeviceView> = BTreeMap::new();
    for planned in &plan.devices {
        let view = DeviceView {
            device: planned.device.clone(),
            kind: planned.kind.clone(),
            tier: planned.tier.clone(),
            rack: planned.rack.clone(),
            pod: planned.pod.clone(),
            labels: planned.labels.clone(),
            ..Default::default()
        };
        devices.insert(&planned.device, view);
    }
    for entity in &names.entities {
        let new = || DeviceView { device: entity.device.to_string(), ..Default::default() };
        let view = devices.entry(&entity.device).or_insert_with(new);
        view.ports += usize::from(!entity.port.is_empty());
        view.collector = entity.collector.to_string();
        if view.kind.is_empty() {
            view.kind = if entity.table == Table::SwitchPort { "switch" } else { "node" }.to_owned();
        }
    }
    devices.into_values().collect()
}
