//! The ports of one target on the board.

use super::decode::Change;
use super::dialect::{Dialect, interface_of};
use super::inbox::{Key, News, Said};
use super::value::Number;
use crate::board::{Board, Canonical, Cell, CellId, DeviceId, EntityId};
use std::collections::BTreeMap;

/// The source's name on the board.
pub const NAME: &str = "gnmi";

#[derive(Debug)]
pub struct Ports {
    device: DeviceId,
    dialect: Dialect,
    ports: BTreeMap<Key, Port>,
}

#[derive(Debug)]
struct Port {
    entity: EntityId,
    cells: BTreeMap<String, CellId>,
}

/// Its value is the port's speed in the inventory, too.
const SPEED: &str = "speed_bps";

impl Ports {
    pub fn new(device: DeviceId, dialect: Dialect) -> Ports {
        Ports { device, dialect, ports: BTreeMap::new() }
    }

    /// Writes what has come since the last tick, and withdraws the ports that were deleted.
    pub fn write(&mut self, news: News, board: &mut Board) {
        for gone in &news.gone {
            self.withdraw(board, |key| interface_of(&key.1) == gone);
        }
        for (key, leaves) in news.leaves {
            self.write_port(key, leaves, board);
        }
    }

    pub fn withdraw_all(&mut self, board: &mut Board) {
        self.withdraw(board, |_| true);
    }

    fn withdraw(&mut self, board: &mut Board, is_gone: impl Fn(&Key) -> bool) {
        self.ports.retain(|key, port| {
            let goes = is_gone(key);
            if goes {
                board.withdraw(port.entity, NAME);
            }
            !goes
        });
    }

    fn write_port(&mut self, key: Key, leaves: BTreeMap<String, Said>, board: &mut Board) {
        let (device, dialect, table) = (self.device, self.dialect, key.0);
        let new = |board: &mut Board| {
            let entity = board.entity_of(device, table, &key.1);
            board.describe(entity, |descriptor| descriptor.driver = dialect.driver().to_owned());
            Port { entity, cells: BTreeMap::new() }
        };
        let port = match self.ports.get_mut(&key) {
            Some(port) => port,
            None => {
                let port = new(board);
                self.ports.entry(key).or_insert(port)
            }
        };
        for (raw, Said { ts_ns, change }) in leaves {
            let known = port.cells.get(&raw).copied();
            let Some(cell) = known.or_else(|| board.cell(port.entity, NAME, dialect.driver(), &raw)) else { continue };
            port.cells.insert(raw, cell);
            let Some(mut row) = board.row(port.entity, ts_ns) else { return };
            match change {
                Change::Told(Number::Uint(value)) => row.uint(cell, value),
                Change::Told(Number::Float(value)) => row.float(cell, value),
                Change::Told(Number::Absent(why)) => row.absent(cell, why),
                Change::Deleted => row.absent(cell, "the target deleted it"),
            }
            describe_speed(port.entity, cell, board);
        }
    }
}

fn describe_speed(entity: EntityId, cell: CellId, board: &mut Board) {
    let cell = board.get(entity).and_then(|entity| entity.cell(cell)).filter(|cell| cell.counter() == SPEED);
    let speed_bps = match cell.and_then(Cell::canonical) {
        Some(Canonical::Int(speed_bps)) => speed_bps,
        Some(Canonical::Float(speed_bps)) => speed_bps as i64,
        Some(Canonical::TooLarge) | None => return,
    };
    board.describe(entity, |descriptor| descriptor.speed_bps = Some(speed_bps));
}
