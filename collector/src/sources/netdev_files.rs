//! `netdev` from the files of `/sys/class/net`: slower, but works on a copied tree (`--root`).

use super::netdev::{LinkCells, NAME};
use super::{Source, SourceError};
use crate::board::{Board, EntityId};
use crate::clock::now_ns;
use crate::filter::InterfaceFilter;
use crate::netlink::LinkStats;
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs::{self, CounterFile, ReadError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use weft_wire::Tier;

pub(super) struct FileNetdev {
    root: Root,
    filter: InterfaceFilter,
    links: BTreeMap<String, FileLink>,
}

struct FileLink {
    entity: EntityId,
    cells: LinkCells,
    directory: PathBuf,
}

impl FileNetdev {
    pub fn new(root: Root, filter: InterfaceFilter) -> FileNetdev {
        FileNetdev { root, filter, links: BTreeMap::new() }
    }

    fn discover(&mut self, names: &[String], board: &mut Board) {
        let gone: Vec<String> = self.links.keys().filter(|name| !names.contains(name)).cloned().collect();
        for name in gone {
            self.links.remove(&name).into_iter().for_each(|link| board.withdraw(link.entity, NAME));
        }
        for name in names.iter().filter(|name| !self.links.contains_key(*name)).cloned().collect::<Vec<_>>() {
            let entity = board.entity(board.identity().port_table(), &name);
            if let Some(cells) = LinkCells::offer(board, entity) {
                let directory = self.root.join("sys/class/net").join(&name);
                let driver = sysfs::link_name(&directory.join("device/driver")).unwrap_or_default();
                board.describe(entity, |d| d.driver = driver);
                self.links.insert(name, FileLink { entity, cells, directory });
            }
        }
    }
}

impl Source for FileNetdev {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        let class = self.root.join("sys/class/net");
        if round.wants(Tier::Normal) {
            let names = sysfs::names(&class)
                .map_err(|e| SourceError::Absent(format!("{}: {e}: no interfaces here", class.display())))?;
            let admitted =
                |name: &String| is_port(&class.join(name)) && self.filter.admits(name, &kind(&class.join(name)));
            let names: Vec<String> = names.into_iter().filter(admitted).collect();
            self.discover(&names, board);
        }
        self.links.values().for_each(|link| link.read(round, board));
        Ok(())
    }
}

impl FileLink {
    fn read(&self, round: &Round, board: &mut Board) {
        for (place, cell, _) in self.cells.stats.iter().filter(|(_, _, tier)| round.wants(*tier)) {
            let path = self.directory.join("statistics").join(LinkStats::NAMES[*place]);
            self.read_into(*cell, board, || read_file(&path));
        }
        if round.wants(Tier::Normal) {
            let cells = &self.cells;
            let files = [
                (cells.carrier, "carrier"),
                (cells.carrier_up_count, "carrier_up_count"),
                (cells.carrier_down_count, "carrier_down_count"),
                (cells.mtu, "mtu"),
            ];
            for (cell, file) in files {
                self.read_into(cell, board, || read_file(&self.directory.join(file)));
            }
        }
        if round.wants(Tier::Slow) {
            let speed = speed_mbps(&self.directory);
            let bps = speed.as_ref().ok().map(|mbps| *mbps as i64 * 1_000_000);
            self.read_into(self.cells.speed, board, || speed.map_err(|why| (true, why)));
            board.describe(self.entity, |d| d.speed_bps = bps);
        }
    }

    fn read_into(
        &self,
        cell: crate::board::CellId,
        board: &mut Board,
        read: impl FnOnce() -> Result<u64, (bool, String)>,
    ) {
        let start = Instant::now();
        let value = read();
        let Some(mut row) = board.row(self.entity, now_ns()) else { return };
        row.took_us(start.elapsed().as_secs_f32() * 1e6);
        match value {
            Ok(value) => row.uint(cell, value),
            Err((true, why)) => row.absent(cell, why),
            Err((false, why)) => row.fail(cell, why),
        }
    }
}

/// The error says whether the value is absent (true) or could not be read.
fn read_file(path: &Path) -> Result<u64, (bool, String)> {
    let value = CounterFile::open(path).map_err(ReadError::from).and_then(|file| file.read());
    value.map_err(|e| (e.is_gone() || e.is_unsupported(), format!("{}: {e}", path.display())))
}

/// Mbit/s. Interfaces that are down or have no speed say −1, or refuse to be read.
pub(super) fn speed_mbps(directory: &Path) -> Result<u64, String> {
    let path = directory.join("speed");
    let text = sysfs::text(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let known = |mbps: &u64| *mbps > 0 && *mbps < u64::from(u32::MAX);
    sysfs::uint(text.as_bytes()).filter(known).ok_or_else(|| format!("{} says {text:?}: unknown", path.display()))
}

/// An interface that is no loopback: `type` is the ARPHRD number.
fn is_port(directory: &Path) -> bool {
    directory.is_dir() && sysfs::text_or_empty(&directory.join("type")) != "772"
}

/// Kind of a virtual link (`DEVTYPE` of its uevent); empty for a physical one.
fn kind(directory: &Path) -> String {
    let uevent = sysfs::text_or_empty(&directory.join("uevent"));
    uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).unwrap_or_default().to_owned()
}
