//! `netdev`: what the kernel counts on every interface, by rtnetlink.
//!
//! Fast ticks ask for `RTM_GETSTATS` (200 bytes a link), normal ones for all of `RTM_GETLINK`. Speed is in sysfs alone,
//! and only believed when sysfs speaks of the same interface: `/sys` may show another network namespace.

use super::netdev_cells::{ADMIN_DOWN, LinkCells};
use super::netdev_files::FileNetdev;
use super::{Setup, Source, SourceError};
use crate::board::{Board, EntityId, Row};
use crate::clock::{Window, now_ns};
use crate::directory::{DirectoryEntry, PortDirectory};
use crate::filter::InterfaceFilter;
use crate::interface::Interface;
use crate::netlink::{DumpSocket, LinkRecord, LinkStats, kind, parse_link, parse_stats};
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs;
use pnet::util::MacAddr;
use std::collections::HashMap;
use std::time::Instant;
use weft_wire::{PortChange, Tier};

pub use super::netdev_cells::NAME;

/// Kinds of interface whose drivers tell a fixed speed (`veth.c` and `tun.c`: 10 Gbit/s) that bounds nothing.
const WITHOUT_WIRE: [&str; 2] = ["veth", "tun"];
const OPERSTATE_NAMES: [&str; 7] = ["unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"];

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    let (root, filter) = (setup.root.clone(), setup.interfaces.clone());
    if !root.is_live() {
        return Ok(Box::new(FileNetdev::new(root, filter)));
    }
    let socket = DumpSocket::open().map_err(|e| SourceError::failed("open an rtnetlink socket", &e))?;
    Ok(Box::new(Netdev { socket, root, filter, directory: setup.directory.clone(), links: HashMap::new() }))
}

struct Netdev {
    socket: DumpSocket,
    root: Root,
    filter: InterfaceFilter,
    directory: PortDirectory,
    /// By interface index: a device made anew under an old name has another.
    links: HashMap<u32, Link>,
}

struct Link {
    name: String,
    entity: EntityId,
    cells: LinkCells,
    carrier: Option<bool>,
    admin_up: bool,
    seen: bool,
}

impl Source for Netdev {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        match round.wants(Tier::Normal) {
            true => self.read_links(round, board),
            false => self.read_stats(round, board),
        }
    }
}

impl Netdev {
    fn read_stats(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        // struct if_stats_msg with the filter IFLA_STATS_LINK_64.
        let request = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        let (start, links) = (Instant::now(), &self.links);
        let each = |message_kind: u16, message: &[u8], window: Window| {
            let stats = (message_kind == kind::NEW_STATS).then(|| parse_stats(message)).flatten();
            let Some((ifindex, stats)) = stats else { return };
            if let Some(link) = links.get(&ifindex)
                && let Some(mut row) = board.row(link.entity, window)
            {
                row.took_us(micros_since(start));
                write_stats(&mut row, &link.cells, &stats, round);
            }
        };
        self.socket.dump(kind::GET_STATS, &request, each).map_err(|e| SourceError::failed("RTM_GETSTATS", &e))
    }

    fn read_links(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        let start = Instant::now();
        let mut records = Vec::new();
        let each = |message_kind: u16, message: &[u8], window: Window| {
            if message_kind == kind::NEW_LINK {
                records.extend(parse_link(message).map(|record| (record, window)));
            }
        };
        self.socket.dump(kind::GET_LINK, &[0; 16], each).map_err(|e| SourceError::failed("RTM_GETLINK", &e))?;
        let took_us = micros_since(start);
        self.links.values_mut().for_each(|link| link.seen = false);
        // Kernels since 5.14 name the device behind an interface; then one without a name has no device.
        let devices_are_told = records.iter().any(|(record, _)| !record.bus_address.is_empty());
        for (record, window) in &records {
            if is_port(&self.root, &self.filter, record, devices_are_told) {
                self.read_link(record, *window, took_us, round, board);
            }
        }
        self.forget_unseen(board);
        Ok(())
    }

    fn read_link(&mut self, record: &LinkRecord, window: Window, took_us: f32, round: &Round, board: &mut Board) {
        let ts_ns = window.begin_ns;
        let is_known = self.links.get(&record.ifindex).is_some_and(|link| link.name == record.name);
        if !is_known && !self.adopt(record, ts_ns, board) {
            return;
        }
        let Some(link) = self.links.get_mut(&record.ifindex) else { return };
        link.seen = true;
        // Told as of before this reading, whose counters go with it.
        let change = self.directory.tell_admin(record.ifindex, record.admin_up);
        change.into_iter().for_each(|change| board.tell(link.entity, ts_ns - 1, change, ""));
        let changed = (link.carrier, link.admin_up) != (record.carrier, record.admin_up);
        (link.carrier, link.admin_up) = (record.carrier, record.admin_up);
        if round.wants(Tier::Slow) || changed {
            describe(&self.root, record, link, board);
            read_speed(&self.root, record, link, ts_ns, board);
        }
        let Some(mut row) = board.row(link.entity, window) else { return };
        row.took_us(took_us);
        let cells = &link.cells;
        if !record.admin_up {
            row.absent(cells.carrier, ADMIN_DOWN);
        }
        let values = [
            (cells.carrier, record.carrier.filter(|_| record.admin_up).map(u32::from)),
            (cells.carrier_up_count, record.carrier_up_count),
            (cells.carrier_down_count, record.carrier_down_count),
            (cells.mtu, record.mtu),
        ];
        for (cell, value) in values {
            value.into_iter().for_each(|value| row.uint(cell, u64::from(value)));
        }
        if let Some(stats) = &record.stats {
            write_stats(&mut row, cells, stats, round);
        }
    }

    /// A new interface, or another device under a known name. False when the board has no room for it.
    fn adopt(&mut self, record: &LinkRecord, ts_ns: i64, board: &mut Board) -> bool {
        self.drop_link(record.ifindex, ts_ns - 1, PortChange::Renamed, &format!(" ({})", record.name), board);
        let before = self.links.iter().find(|(_, link)| link.name == record.name).map(|(ifindex, _)| *ifindex);
        if let Some(before) = before {
            self.drop_link(before, ts_ns - 1, PortChange::Removed, "", board);
        }
        let entity = board.entity(board.identity().port_table(), &record.name);
        if before.is_some() {
            board.renew(entity);
        }
        let Some(cells) = LinkCells::offer(board, entity) else { return false };
        let (admin_up, address) = (record.admin_up, record.address);
        let entry = DirectoryEntry { port: record.name.clone(), entity, admin_up, address };
        self.directory.insert(record.ifindex, entry);
        let link = Link { name: record.name.clone(), entity, cells, carrier: None, admin_up, seen: true };
        self.links.insert(record.ifindex, link);
        true
    }

    fn forget_unseen(&mut self, board: &mut Board) {
        let gone: Vec<u32> = self.links.iter().filter(|(_, link)| !link.seen).map(|(ifindex, _)| *ifindex).collect();
        gone.into_iter().for_each(|ifindex| self.drop_link(ifindex, now_ns(), PortChange::Removed, "", board));
    }

    /// `why` is told unless it was told at once, as it happened.
    fn drop_link(&mut self, ifindex: u32, ts_ns: i64, why: PortChange, what_else: &str, board: &mut Board) {
        if let Some(link) = self.links.remove(&ifindex) {
            if self.directory.remove(ifindex).is_some_and(|entry| entry.port == link.name) {
                board.tell(link.entity, ts_ns, why, what_else);
            }
            board.withdraw(link.entity, NAME);
        }
    }
}

fn micros_since(start: Instant) -> f32 {
    start.elapsed().as_secs_f32() * 1e6
}

fn write_stats(row: &mut Row<'_>, cells: &LinkCells, stats: &LinkStats, round: &Round) {
    for (place, cell, tier) in &cells.stats {
        if round.wants(*tier) {
            row.uint(*cell, stats.0[*place]);
        }
    }
}

fn describe(root: &Root, record: &LinkRecord, link: &Link, board: &mut Board) {
    let directory = root.join("sys/class/net").join(&record.name);
    let is_ours = sysfs_is_ours(root, record);
    let driver = is_ours.then(|| sysfs::link_name(&directory.join("device/driver"))).flatten();
    board.describe(link.entity, |d| {
        d.driver = driver.unwrap_or_else(|| record.kind.clone());
        d.position = record.bus_address.clone();
        // Neighbours name a port by its MAC address where they know no better.
        if let Some(address) = record.address {
            d.labels.insert("mac".into(), MacAddr::from(address).to_string());
        }
        d.labels.insert("ifindex".into(), record.ifindex.to_string());
        let operstate = OPERSTATE_NAMES.get(usize::from(record.operstate.unwrap_or(0))).unwrap_or(&"unknown");
        d.labels.insert("operstate".into(), (*operstate).into());
        d.labels.insert("admin".into(), if record.admin_up { "up" } else { "down" }.into());
    });
}

/// The kinds that rtnetlink names go first: a node of many containers has thousands of veths, whose files need no look.
fn is_port(root: &Root, filter: &InterfaceFilter, record: &LinkRecord, devices_are_told: bool) -> bool {
    let (name, hardware, kind) = (record.name.as_str(), Some(record.hardware), record.kind.as_str());
    let mut interface = Interface { name, hardware, kind, has_device: None };
    if !filter.admits(&interface) {
        return false;
    }
    let directory = root.join("sys/class/net").join(name);
    let is_ours = sysfs_is_ours(root, record);
    interface.has_device = match (record.bus_address.is_empty(), is_ours) {
        (false, _) => Some(true),
        (true, true) => Some(std::fs::symlink_metadata(directory.join("device")).is_ok()),
        (true, false) => devices_are_told.then_some(false),
    };
    let devtype = if is_ours && kind.is_empty() { super::interface_files::kind(&directory) } else { String::new() };
    if kind.is_empty() {
        interface.kind = &devtype;
    }
    filter.admits(&interface)
}

/// `/sys/class/net` may be that of another network namespace, with other devices under the same names.
fn sysfs_is_ours(root: &Root, record: &LinkRecord) -> bool {
    let path = root.join("sys/class/net").join(&record.name).join("ifindex");
    sysfs::text(&path).is_ok_and(|text| text == record.ifindex.to_string())
}

fn read_speed(root: &Root, record: &LinkRecord, link: &Link, ts_ns: i64, board: &mut Board) {
    let speed = match sysfs_is_ours(root, record) {
        _ if WITHOUT_WIRE.contains(&record.kind.as_str()) => {
            Err(format!("a {} has no wire: the speed that its driver tells is made up", record.kind))
        }
        true => super::netdev_files::speed_mbps(&root.join("sys/class/net").join(&record.name)),
        false => Err("/sys/class/net shows another network namespace than ours".into()),
    };
    let mbps = speed.as_ref().ok().copied();
    board.describe(link.entity, |d| d.speed_bps = mbps.map(|mbps| mbps as i64 * 1_000_000));
    let Some(mut row) = board.row(link.entity, ts_ns) else { return };
    match speed {
        Ok(mbps) => row.uint(link.cells.speed, mbps),
        Err(why) => row.absent(link.cells.speed, why),
    }
}
