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
    Ok(Box::new(Qdisc { socket, directory: setup.directory.clone(), queues: HashMap::new(), left: Vec::new() }))
}

struct Qdisc {
    socket: DumpSocket,
    directory: PortDirectory,
    queues: HashMap<u32, Queue>,
    /// Ports that a queue has left in this reading.
    left: Vec<EntityId>,
}

struct Queue {
    entity: EntityId,
    kind: String,
    limit_bps: Option<u64>,
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
        let each = |message_kind: u16, message: &[u8], _| {
            if message_kind == kind::NEW_QDISC {
                records.extend(parse_root_qdisc(message));
            }
        };
        self.socket.dump(kind::GET_QDISC, &[0; 20], each).map_err(|e| SourceError::failed("RTM_GETQDISC", &e))?;
        self.read_queues(&records, start, round, board);
        Ok(())
    }
}

impl Qdisc {
    fn read_queues(&mut self, records: &[QdiscRecord], start: Instant, round: &Round, board: &mut Board) {
        self.queues.values_mut().for_each(|queue| queue.seen = false);
        for record in records {
            self.read_queue(record, start, round, board);
        }
        self.forget_unseen(board);
    }

    fn read_queue(&mut self, record: &QdiscRecord, start: Instant, round: &Round, board: &mut Board) {
        let Some(entity) = self.directory.entity(record.ifindex) else { return };
        let known = self.queues.get(&record.ifindex).is_some_and(|q| q.entity == entity && q.kind == record.kind);
        if !known && !self.adopt(record, entity, board) {
            return;
        }
        let Some(queue) = self.queues.get_mut(&record.ifindex) else { return };
        queue.seen = true;
        if queue.limit_bps != record.limit_bps {
            queue.limit_bps = record.limit_bps;
            describe(record, entity, board);
        }
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
        describe(record, entity, board);
        let queue = Queue { entity, kind: record.kind.clone(), limit_bps: record.limit_bps, cells, seen: true };
        // One that was there belongs to the name the interface had, or to another discipline.
        self.left.extend(self.queues.insert(record.ifindex, queue).map(|before| before.entity));
        true
    }

    /// Names may pass from one interface to the next: a port is withdrawn only when no queue holds it in the end.
    fn forget_unseen(&mut self, board: &mut Board) {
        self.left.extend(self.queues.extract_if(|_, queue| !queue.seen).map(|(_, queue)| queue.entity));
        for entity in self.left.drain(..) {
            if !self.queues.values().any(|queue| queue.entity == entity) {
                board.withdraw(entity, NAME);
            }
        }
    }
}

fn describe(record: &QdiscRecord, entity: EntityId, board: &mut Board) {
    board.describe(entity, |d| {
        d.labels.insert("qdisc".into(), record.kind.clone());
        match record.limit_bps {
            Some(bps) => d.labels.insert("rate_limit_bps".into(), bps.to_string()),
            None => d.labels.remove("rate_limit_bps"),
        };
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::identity;
    use crate::config::CollectorConfig;
    use crate::directory::DirectoryEntry;
    use netlink_packet_route::tc::TcStatsQueue;
    use weft_wire::Table;

    struct Rig {
        board: Board,
        qdisc: Qdisc,
    }

    impl Rig {
        fn new() -> Rig {
            let (socket, directory) = (DumpSocket::open().unwrap(), PortDirectory::default());
            let board = Board::new(identity(&CollectorConfig::default()));
            Rig { board, qdisc: Qdisc { socket, directory, queues: HashMap::new(), left: Vec::new() } }
        }

        /// Reads once, with these interfaces (index, name) and no others.
        fn read(&mut self, interfaces: &[(u32, &str)]) {
            let mut records = Vec::new();
            for (ifindex, name) in interfaces {
                let entity = self.board.entity(Table::Nic, name);
                let port = (*name).to_owned();
                let entry = DirectoryEntry { port, entity, admin_up: true, address: None };
                self.qdisc.directory.insert(*ifindex, entry);
                let stats = TcStatsQueue::default();
                records.push(QdiscRecord { ifindex: *ifindex, kind: "fq".into(), limit_bps: None, stats });
            }
            let round = Round { slowest: Tier::Slow, due_ns: 0 };
            self.board.begin_round();
            self.qdisc.read_queues(&records, Instant::now(), &round, &mut self.board);
        }

        /// Ports that this source speaks of.
        fn ports(&self) -> Vec<&str> {
            let ours = self.board.entities().filter(|e| e.cells().any(|c| c.source == NAME));
            let mut ports: Vec<&str> = ours.map(|e| e.port.as_str()).collect();
            ports.sort_unstable();
            ports
        }
    }

    #[test]
    fn an_interface_that_was_renamed_leaves_nothing_under_its_old_name() {
        let mut rig = Rig::new();
        rig.read(&[(1, "eth0")]);
        rig.read(&[(1, "eth9")]);
        assert_eq!(rig.ports(), ["eth9"]);
        assert_eq!(rig.board.entities().count(), 1, "the old entity has gone");
    }

    #[test]
    fn interfaces_that_change_names_keep_their_queues() {
        let mut rig = Rig::new();
        rig.read(&[(1, "eth0"), (2, "eth1"), (3, "eth2")]);
        rig.read(&[(1, "eth1"), (2, "eth2"), (3, "eth0")]);
        assert_eq!(rig.ports(), ["eth0", "eth1", "eth2"]);
        rig.read(&[(1, "eth0"), (2, "eth1"), (3, "eth2")]);
        assert_eq!(rig.ports(), ["eth0", "eth1", "eth2"]);
    }

    #[test]
    fn an_interface_made_anew_under_its_name_keeps_its_queue() {
        let mut rig = Rig::new();
        rig.read(&[(1, "eth0")]);
        rig.read(&[(2, "eth0")]);
        assert_eq!(rig.ports(), ["eth0"]);
        rig.read(&[]);
        assert_eq!(rig.ports(), Vec::<&str>::new());
    }
}
