//! `qdisc`: the egress queue of each interface, by rtnetlink: what waits in it, and what it threw away.

use super::{Setup, Source, SourceError};
use crate::board::{Board, CellId, EntityId};
use crate::clock::now_ns;
use crate::directory::PortDirectory;
use crate::netlink::{DumpSocket, QdiscRecord, kind, parse_root_qdisc};
use crate::schedule::Round;
use std::collections::HashMap;
use std::time::Instant;
use weft_wire::Tier;

pub const NAME: &str = "qdisc";

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    let socket = DumpSocket::open().map_err(|e| SourceError::failed("open an rtnetlink socket", &e))?;
    Ok(Box::new(Qdisc { socket, directory: setup.directory.clone(), queues: HashMap::new() }))
}

struct Qdisc {
    socket: DumpSocket,
    directory: PortDirectory,
    queues: HashMap<u32, Queue>,
}

struct Queue {
    entity: EntityId,
    kind: String,
    cells: [(CellId, Tier); FIELDS.len()],
    seen: bool,
}

const FIELDS: [&str; 5] = ["backlog", "qlen", "drops", "requeues", "overlimits"];

impl Source for Qdisc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        let start = Instant::now();
        let mut records = Vec::with_capacity(self.queues.len());
        let each = |message_kind: u16, message: &[u8]| {
            if message_kind == kind::NEW_QDISC {
                records.extend(parse_root_qdisc(message));
            }
        };
        self.socket.dump(kind::GET_QDISC, &[0; 20], each).map_err(|e| SourceError::failed("RTM_GETQDISC", &e))?;
        self.queues.values_mut().for_each(|queue| queue.seen = false);
        for record in &records {
            self.read_queue(record, start, round, board);
        }
        self.forget_unseen(board);
        Ok(())
    }
}

impl Qdisc {
    fn read_queue(&mut self, record: &QdiscRecord, start: Instant, round: &Round, board: &mut Board) {
        let Some(entity) = self.directory.entity(record.ifindex) else { return };
        let known = self.queues.get(&record.ifindex).is_some_and(|q| q.entity == entity && q.kind == record.kind);
        if !known && !self.adopt(record, entity, board) {
            return;
        }
        let Some(queue) = self.queues.get_mut(&record.ifindex) else { return };
        queue.seen = true;
        let Some(mut row) = board.row(entity, now_ns()) else { return };
        row.took_us(start.elapsed().as_secs_f32() * 1e6);
        let stats = &record.stats;
        let values = [stats.backlog, stats.qlen, stats.drops, stats.requeues, stats.overlimits];
        for ((cell, tier), value) in queue.cells.iter().zip(values) {
            if round.wants(*tier) {
                row.uint(*cell, u64::from(value));
            }
        }
    }

    /// A queue seen for the first time, or another discipline in its place, whose counters began anew.
    fn adopt(&mut self, record: &QdiscRecord, entity: EntityId, board: &mut Board) -> bool {
        if self.queues.get(&record.ifindex).is_some_and(|q| q.entity == entity) {
            board.renew(entity);
        }
        let ids: Option<Vec<CellId>> = FIELDS.iter().map(|raw| board.cell(entity, NAME, NAME, raw)).collect();
        let Some(ids) = ids else { return false };
        let tier = |id: CellId| board.get(entity).and_then(|e| e.cell(id)).map_or(Tier::Slow, |c| c.tier());
        let cells = std::array::from_fn(|at| (ids[at], tier(ids[at])));
        board.describe(entity, |d| {
            d.labels.insert("qdisc".into(), record.kind.clone());
        });
        self.queues.insert(record.ifindex, Queue { entity, kind: record.kind.clone(), cells, seen: true });
        true
    }

    fn forget_unseen(&mut self, board: &mut Board) {
        self.queues.retain(|_, queue| {
            if !queue.seen {
                board.withdraw(queue.entity, NAME);
            }
            queue.seen
        });
    }
}
