//! Where readings go: a trace folder, or frames as collectors send them.

mod frames;
mod tee;
mod trace;

use crate::job::Mark;
use crate::layout::Value;
use crate::topology::{DeviceId, RAILS, Topology};
use crate::world::Happening;
pub use frames::{FrameSink, Message};
pub use tee::Tee;
pub use trace::TraceSink;
use weft_wire::Table;

/// One reading of one port, GPU or host.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub device: DeviceId,
    /// Index into [`entities`] of the device.
    pub entity: usize,
    /// Index into [`crate::layout::LAYOUTS`].
    pub layout: usize,
    /// By the device's clock.
    pub ts_ns: i64,
    pub epoch: i32,
    /// One value a column of the layout.
    pub values: &'a [Value],
}

pub trait Sink {
    fn row(&mut self, row: Row<'_>) -> anyhow::Result<()>;
    /// Something happened to a port of the device.
    fn event(&mut self, device: DeviceId, entity: usize, ts_ns: i64, what: Happening) -> anyhow::Result<()>;
    /// A training loop's mark; the times are by the device's clock.
    fn mark(&mut self, device: DeviceId, job: &str, mark: &Mark, start_ns: i64, end_ns: i64) -> anyhow::Result<()>;
    /// The collector's second is over.
    fn flush(&mut self, device: DeviceId, ts_ns: i64) -> anyhow::Result<()>;
}

/// What a collector reads, in the order of its indices: ports, then a node's GPUs, then its host.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    pub table: Table,
    pub port: String,
    pub speed_bps: Option<i64>,
}

pub fn entities(topology: &Topology, device: DeviceId) -> Vec<Entity> {
    let own = &topology.devices[device];
    let ports = own.ports.iter().map(|&p| &topology.ports[p]);
    let mut all: Vec<Entity> =
        ports.map(|p| Entity { table: p.table, port: p.name.clone(), speed_bps: Some(p.speed_bps) }).collect();
    if own.node {
        let gpu = |i| Entity { table: Table::Gpu, port: format!("gpu{i}"), speed_bps: None };
        all.extend((0..RAILS).map(gpu));
        all.push(Entity { table: Table::Host, port: String::new(), speed_bps: None });
    }
    all
}
