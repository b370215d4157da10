//! Ports whose counters began anew: their device restarted, its driver was loaded again, or somebody cleared the counters.
//! What was counted before cannot be compared with what comes after.

use super::series::Shown;
use super::{Conservation, Features};
use crate::fabric::{EntityTable, PortId, TickBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};

/// A port restarted when a quarter of the counters of a row fell, or more. A restart sets back every counter that had counted
/// anything, but most counters of a healthy port are 0 and cannot fall. One counter of 40 that falls is that counter's own.
const FALLEN_PARTS: u32 = 4;

impl Features {
    /// A port began anew when many of its counters fell, or when the collector says so by another epoch.
    pub(super) fn update_restarts(&mut self, batches: &[TickBatch], entities: &EntityTable) {
        self.series.forget(self.tick);
        // `extra` has neither counters of its own nor epochs: its rows are about ports that other tables tell of.
        for batch in batches.iter().filter(|batch| batch.table.is_wide()) {
            let Shown { falls, counted } = self.series.update(self.tick, batch, &self.slots);
            for (row, fallen, compared) in falls {
                if u32::from(fallen) * FALLEN_PARTS < u32::from(compared) {
                    continue;
                }
                if let Some(port) = self.port_of(batch.entities[row], entities) {
                    self.restart(port);
                }
            }
            self.update_epochs(batch, entities);
            self.follow(batch, &counted, entities);
        }
    }

    fn update_epochs(&mut self, batch: &TickBatch, entities: &EntityTable) {
        let times = batch.batch.column(1).as_primitive::<Int64Type>();
        let epochs = batch.batch.column(3).as_primitive::<Int32Type>();
        for (row, &entity) in batch.entities.iter().enumerate() {
            let Some(port) = self.port_of(entity, entities) else { continue };
            if self.ports[port].update_epoch(times.value(row), epochs.value(row)) {
                self.restart(port);
            }
        }
    }

    fn restart(&mut self, port: PortId) {
        let device = self.topology.ports[port].device;
        if !self.devices[device].reset_ports.contains(&port) {
            self.devices[device].reset_ports.push(port);
        }
        self.ports[port].restart(self.tick);
        if let Some(cable) = self.topology.ports[port].cable {
            self.cables[cable].iter_mut().for_each(Conservation::restart);
        }
    }
}
