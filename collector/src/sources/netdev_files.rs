//! `netdev` from the files of `/sys/class/net`: slower, but works on a copied tree (`--root`).

use super::interface_files::InterfaceFiles;
use super::netdev_cells::{ADMIN_DOWN, LinkCells, NAME};
use super::{Source, SourceError};
use crate::board::{Board, EntityId};
use crate::clock::{Window, now_ns};
use crate::filter::InterfaceFilter;
use crate::netlink::LinkStats;
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs::{self, CounterFile, ReadError};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;
use weft_wire::{PortChange, Tier};

pub(super) struct FileNetdev {
    root: Root,
    filter: InterfaceFilter,
    links: BTreeMap<String, FileLink>,
}

struct FileLink {
    entity: EntityId,
    cells: LinkCells,
    directory: PathBuf,
    admin_up: Option<bool>,
}

impl FileNetdev {
    pub fn new(root: Root, filter: InterfaceFilter) -> FileNetdev {
        FileNetdev { root, filter, links: BTreeMap::new() }
    }

    /// Names of the interfaces that are ports.
    fn ports(&self, class: &Path) -> Result<Vec<String>, SourceError> {
        let names = match sysfs::names(class) {
            Ok(names) => names,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(SourceError::Absent(format!("{}: {e}: no interfaces here", class.display())));
            }
            Err(e) => return Err(SourceError::failed(&class.display().to_string(), &e)),
        };
        let found: Vec<_> = names.into_iter().filter_map(|name| InterfaceFiles::read(class, name)).collect();
        let devices_are_told = found.iter().any(InterfaceFiles::has_device);
        let ports = found.into_iter().filter(|files| self.filter.admits(&files.interface(devices_are_told)));
        Ok(ports.map(|files| files.name).collect())
    }

    fn discover(&mut self, names: &[String], board: &mut Board) {
        let gone: Vec<String> = self.links.keys().filter(|name| !names.contains(name)).cloned().collect();
        for link in gone.into_iter().filter_map(|name| self.links.remove(&name)) {
            board.tell(link.entity, now_ns(), PortChange::Removed, "");
            board.withdraw(link.entity, NAME);
        }
        for name in names.iter().filter(|name| !self.links.contains_key(*name)).cloned().collect::<Vec<_>>() {
            let entity = board.entity(board.identity().port_table(), &name);
            if let Some(cells) = LinkCells::offer(board, entity) {
                let directory = self.root.join("sys/class/net").join(&name);
                let driver = sysfs::link_name(&directory.join("device/driver")).unwrap_or_default();
                board.describe(entity, |d| d.driver = driver);
                self.links.insert(name, FileLink { entity, cells, directory, admin_up: None });
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
            let names = self.ports(&class)?;
            self.discover(&names, board);
        }
        self.links.values_mut().for_each(|link| link.read(round, board));
        Ok(())
    }
}

impl FileLink {
    /// Before anything else is read: what is done to an interface goes with its counters.
    fn read_admin(&mut self, board: &mut Board) {
        let up = is_admin_up(&self.directory);
        let change = match (self.admin_up, up) {
            (Some(true), Some(false)) => Some(PortChange::AdminDown),
            (Some(false), Some(true)) => Some(PortChange::AdminUp),
            _ => None,
        };
        change.into_iter().for_each(|change| board.tell(self.entity, now_ns(), change, ""));
        self.admin_up = up;
    }

    fn read(&mut self, round: &Round, board: &mut Board) {
        if round.wants(Tier::Normal) {
            self.read_admin(board);
        }
        for (place, cell, _) in self.cells.stats.iter().filter(|(_, _, tier)| round.wants(*tier)) {
            let path = self.directory.join("statistics").join(LinkStats::NAMES[*place]);
            self.read_into(*cell, board, || read_file(&path));
        }
        if round.wants(Tier::Normal) {
            let cells = &self.cells;
            let carrier = self.directory.join("carrier");
            self.read_into(cells.carrier, board, || match self.admin_up {
                Some(false) => Err((true, ADMIN_DOWN.to_owned())),
                _ => read_file(&carrier),
            });
            let files = [
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
        let took = start.elapsed();
        let Some(mut row) = board.row(self.entity, Window::lasting(took)) else { return };
        row.took_us(took.as_secs_f32() * 1e6);
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

/// Mbit/s. The error says what was read instead, or why nothing was.
pub(super) fn speed_mbps(directory: &Path) -> Result<u64, String> {
    let path = directory.join("speed");
    let text = sysfs::text(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    sysfs::speed_mbps(&text).ok_or_else(|| format!("{} says {text:?}: unknown", path.display()))
}

/// Set down by its administrator, which is no fault: IFF_UP of `flags` is clear. `None` where the file does not say.
pub(super) fn is_admin_up(directory: &Path) -> Option<bool> {
    const IFF_UP: u64 = 1;
    let text = sysfs::text(&directory.join("flags")).ok()?;
    let flags = u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
    Some(flags & IFF_UP != 0)
}
