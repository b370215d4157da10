//! What a tick's batches and events say of the ports of the fabric, sorted by port and time.

use super::Features;
use super::cells::{Cells, cell};
use super::health::{Health, HealthColumns};
use super::sample::{self, Columns, Sample};
use super::trained::COUNTER;
use crate::fabric::{EntityTable, LinkEvent, PortId, TickBatch, is_time};
use weft_wire::{PortChange, Table};

pub struct Rows {
    /// Readings of the traffic.
    pub samples: Vec<(PortId, Sample)>,
    pub news: Vec<News>,
}

/// What a row or an event says of a port beside its traffic.
#[derive(Clone, Copy, Debug)]
pub struct News {
    pub port: PortId,
    pub ts_ns: i64,
    pub what: What,
}

#[derive(Clone, Copy, Debug)]
pub enum What {
    /// The carrier was found or lost.
    Carrier(bool),
    /// Somebody did something to the interface.
    Change(PortChange),
    Health(Health),
}

impl What {
    /// The port has no carrier.
    pub fn is_down(&self) -> bool {
        match self {
            What::Carrier(up) => !up,
            What::Health(health) => health.link_up() == Some(false),
            What::Change(_) => false,
        }
    }
}

impl Features {
    /// Rows and events whose time is no time are left out.
    pub(super) fn rows(&mut self, batches: &[TickBatch], events: &[LinkEvent], entities: &EntityTable) -> Rows {
        let length = batches.iter().map(|batch| batch.batch.num_rows()).sum();
        let mut rows = Rows { samples: Vec::with_capacity(length), news: Vec::with_capacity(length) };
        for batch in batches.iter().filter(|batch| matches!(batch.table, Table::Nic | Table::SwitchPort)) {
            self.rows_of(batch, entities, &mut rows);
        }
        let events = events.iter().filter(|event| is_time(event.ts_ns));
        rows.news.extend(events.filter_map(|event| self.link_event(event)));
        sample::sort(&mut rows.samples);
        rows.news.sort_by_key(|news| (news.port, news.ts_ns));
        rows
    }

    fn rows_of(&mut self, batch: &TickBatch, entities: &EntityTable, rows: &mut Rows) {
        let (columns, health, speed) = (Columns::of(batch), HealthColumns::of(batch), Cells::of(batch, COUNTER));
        for (row, &entity) in batch.entities.iter().enumerate() {
            let Some(port) = self.port_of(entity, entities) else { continue };
            let sample = columns.sample(row);
            if !is_time(sample.ts_ns) {
                continue;
            }
            if let Some(health) = health.row(row) {
                rows.news.push(News { port, ts_ns: sample.ts_ns, what: What::Health(health) });
            }
            if let Some(bps) = cell(&speed, row) {
                self.update_trained(port, sample.ts_ns, bps);
            }
            rows.samples.push((port, sample));
        }
    }

    fn link_event(&self, event: &LinkEvent) -> Option<News> {
        let what = match event.event.as_str() {
            "link_up" => What::Carrier(true),
            "link_down" => What::Carrier(false),
            kind => What::Change(PortChange::read(kind, &event.text)?),
        };
        Some(News { port: self.topology.find_port(&event.device, &event.port)?, ts_ns: event.ts_ns, what })
    }

    pub(super) fn update_links(&mut self, news: Vec<News>) {
        let began_ns = self.now_ns - self.tick_ns;
        let Features { unsettled, ports, .. } = self;
        unsettled.retain(|&port| !ports[port].link.is_settled(began_ns));
        for News { port, ts_ns, what } in news {
            if what.is_down() && self.topology.ports[port].cable.is_some() {
                self.ports[port].link.expect_carrier(ts_ns);
            }
            match what {
                What::Carrier(up) => self.ports[port].link.update_carrier(ts_ns, up),
                What::Health(health) => {
                    let discarded = self.ports[port].update_health(ts_ns, health);
                    if discarded > 0.0 {
                        self.discarding.push((port, discarded));
                    }
                }
                What::Change(change) => {
                    self.ports[port].link.update_interface(ts_ns, change);
                    self.set_down.insert(port);
                }
            }
            if !self.ports[port].link.is_settled(began_ns) {
                self.unsettled.insert(port);
            }
        }
        self.excuse_far_ends();
    }

    /// The far end of a port that is set down has lost its carrier by that.
    fn excuse_far_ends(&mut self) {
        let Features { set_down, ports, topology, now_ns, .. } = self;
        set_down.retain(|&port| ports[port].link.is_admin_down());
        for &port in set_down.iter() {
            if let (Some(off), Some(far)) = (ports[port].link.off, topology.far(port)) {
                ports[far].link.excuse(off.since_ns, *now_ns);
            }
        }
    }
}
