//! `pcie`: the link between a device and its host, from the device's folder in sysfs: speed and width, now and at best, and
//! what its Advanced Error Reporting (AER) has counted. A card that trained at half its lanes slows every byte it moves.

use super::pci_folder::folder_of;
use super::{Setup, Source, SourceError};
use crate::board::{Board, CellId, Entity, EntityId, Row};
use crate::clock::now_ns;
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs::{CounterFile, ReadError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use weft_wire::{Table, Tier, catalogue};

pub const NAME: &str = "pcie";
/// The catalogue's name of these files.
const DRIVER: &str = "pci";

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Pcie { root: setup.root.clone(), devices: HashMap::new() }))
}

struct Pcie {
    root: Root,
    devices: HashMap<EntityId, Device>,
}

/// A file of the device's folder, and what stands in it.
struct File {
    path: PathBuf,
    parse: Parse,
    file: Option<CounterFile>,
    /// Name in the file (none where it holds one value), and where it goes.
    cells: Vec<(&'static str, CellId)>,
    tier: Tier,
}

struct Device {
    folder: PathBuf,
    files: Vec<File>,
}

#[derive(Clone, Copy)]
enum Parse {
    /// `32.0 GT/s PCIe`
    Speed,
    /// `16`
    Width,
    /// `BadTLP 12`, one a line.
    Errors,
}

/// (file, what stands in it, names of its lines). The kinds of nonfatal and fatal errors are told by their sums.
const FILES: [(&str, Parse, &[&str]); 7] = [
    ("current_link_speed", Parse::Speed, &[""]),
    ("current_link_width", Parse::Width, &[""]),
    ("max_link_speed", Parse::Speed, &[""]),
    ("max_link_width", Parse::Width, &[""]),
    ("aer_dev_correctable", Parse::Errors, &["RxErr", "BadTLP", "BadDLLP", "Rollover", "TOTAL_ERR_COR"]),
    ("aer_dev_nonfatal", Parse::Errors, &["TOTAL_ERR_NONFATAL"]),
    ("aer_dev_fatal", Parse::Errors, &["TOTAL_ERR_FATAL"]),
];

impl Source for Pcie {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        // At every tick, so that a port that comes under the name of one that has gone is not taken for it.
        self.devices.retain(|entity, _| is_held_by_another(*entity, board));
        if !round.wants(Tier::Normal) {
            return Ok(());
        }
        if round.wants(Tier::Slow) {
            self.discover(board);
        }
        self.devices.retain(|entity, device| {
            let Some(mut row) = board.row(*entity, now_ns()) else { return false };
            device.read(round, &mut row);
            true
        });
        Ok(())
    }
}

impl Pcie {
    /// What the other sources have found since, and what is another device now.
    fn discover(&mut self, board: &mut Board) {
        let found: Vec<(EntityId, PathBuf)> =
            board.ids().filter_map(|(id, entity)| Some((id, express_folder(&self.root, entity)?))).collect();
        let is_found =
            |entity: &EntityId, device: &Device| found.iter().any(|(e, f)| (e, f) == (entity, &device.folder));
        self.devices.retain(|entity, device| {
            let stays = is_found(entity, device);
            if !stays {
                board.withdraw(*entity, NAME);
            }
            stays
        });
        for (entity, folder) in found {
            self.devices.entry(entity).or_insert_with(|| Device::offer(folder, entity, board));
        }
    }
}

/// This source speaks of what others have found, and holds none of it.
fn is_held_by_another(id: EntityId, board: &mut Board) -> bool {
    let is_held = board.get(id).is_some_and(|entity| entity.cells().any(|cell| cell.source != NAME));
    if !is_held {
        board.withdraw(id, NAME);
    }
    is_held
}

/// The folder of a device on PCI Express: it has this file, and one on another bus, or on old PCI, has not.
fn express_folder(root: &Root, entity: &Entity) -> Option<PathBuf> {
    folder_of(root, entity).filter(|folder| folder.join("current_link_speed").exists())
}

impl Device {
    fn offer(folder: PathBuf, entity: EntityId, board: &mut Board) -> Device {
        let table = board.get(entity).map_or(Table::Nic, |entity| entity.table);
        let mut files = Vec::new();
        for (name, parse, lines) in FILES {
            let (mut cells, mut tier) = (Vec::new(), Tier::Slow);
            for line in lines {
                let raw = if line.is_empty() { name.to_owned() } else { format!("{name}.{line}") };
                let Some(mapping) = catalogue().mapping(table, DRIVER, &raw) else { continue };
                tier = tier.min(catalogue().counters()[mapping.counter].tier);
                cells.extend(board.cell(entity, NAME, DRIVER, &raw).map(|cell| (*line, cell)));
            }
            if !cells.is_empty() {
                files.push(File { path: folder.join(name), parse, file: None, cells, tier });
            }
        }
        Device { folder, files }
    }

    fn read(&mut self, round: &Round, row: &mut Row<'_>) {
        for file in self.files.iter_mut().filter(|file| round.wants(file.tier)) {
            file.read(row);
        }
    }
}

impl File {
    fn read(&mut self, row: &mut Row<'_>) {
        let start = Instant::now();
        let text = open_and_read(&mut self.file, &self.path);
        row.took_us(start.elapsed().as_secs_f32() * 1e6 / self.cells.len() as f32);
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                self.file = None;
                let why = format!("{}: {error}", self.path.display());
                for (_, cell) in &self.cells {
                    // The kernel shows no AER of a device, or of a host, that has none.
                    match error.is_gone() || error.is_unsupported() {
                        true => row.absent(*cell, &why),
                        false => row.fail(*cell, &why),
                    }
                }
                return;
            }
        };
        for (line, cell) in &self.cells {
            match self.parse.number(&text, line) {
                Some(Number::Float(value)) => row.float(*cell, value),
                Some(Number::Uint(value)) => row.uint(*cell, value),
                None => row.absent(*cell, format!("{} does not say it", self.path.display())),
            }
        }
    }
}

fn open_and_read(file: &mut Option<CounterFile>, path: &Path) -> Result<String, ReadError> {
    let open = match file {
        Some(open) => open,
        None => file.insert(CounterFile::open(path)?),
    };
    open.read_page()
}

#[derive(Debug, PartialEq)]
enum Number {
    Uint(u64),
    Float(f64),
}

impl Parse {
    fn number(self, text: &str, line: &str) -> Option<Number> {
        match self {
            // `Unknown` while the device sleeps or has gone.
            Parse::Speed => {
                let gtps: f64 = text.split_once(" GT/s")?.0.parse().ok()?;
                (gtps.is_finite() && gtps > 0.0).then_some(Number::Float(gtps))
            }
            // 0 while there is no link; 63 and 255 are what a device reads as that has gone. No link has more than 32 lanes.
            Parse::Width => text.parse().ok().filter(|lanes| (1..=32).contains(lanes)).map(Number::Uint),
            Parse::Errors => {
                let said = text.lines().filter_map(|said| said.split_once(' ')).find(|(name, _)| *name == line)?;
                said.1.trim().parse().ok().map(Number::Uint)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_kernel() {
        let speed = |text: &str| Parse::Speed.number(text, "");
        assert_eq!(speed("32.0 GT/s PCIe"), Some(Number::Float(32.0)));
        assert_eq!(speed("2.5 GT/s"), Some(Number::Float(2.5)));
        for none in ["Unknown", "", "nan GT/s", "-8 GT/s", "32.0 Gb/s"] {
            assert_eq!(speed(none), None, "{none}");
        }
        assert_eq!(Parse::Width.number("16", ""), Some(Number::Uint(16)));
        for none in ["0", "63", "255", "x16", "-1"] {
            assert_eq!(Parse::Width.number(none, ""), None, "{none}");
        }
        let aer = "RxErr 0\nBadTLP 12\nBadDLLP 3\nTOTAL_ERR_COR 15\n";
        assert_eq!(Parse::Errors.number(aer, "BadTLP"), Some(Number::Uint(12)));
        assert_eq!(Parse::Errors.number(aer, "Bad"), None);
        assert_eq!(Parse::Errors.number("BadTLP many", "BadTLP"), None);
    }
}
