//! One port of an RDMA device: its state, its rate, and its groups of counters.

use super::device::{driver_of, netdev_of};
use super::group::{Group, NAME, Pass};
use crate::board::{Board, CellId, EntityId, Row};
use crate::clock::now_ns;
use crate::schedule::Round;
use crate::sysfs::{self, CounterFile, ReadError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use weft_wire::Tier;

/// IB_PORT_ACTIVE.
const ACTIVE: u64 = 4;

pub(super) struct IbPort {
    device: PathBuf,
    directory: PathBuf,
    number: String,
    driver: &'static str,
    is_ethernet: bool,
    /// As the board has it.
    name: String,
    entity: EntityId,
    /// The kernel's own word on the link is worth something (EFA always says ACTIVE).
    has_state: bool,
    state: StateFile,
    phys_state: StateFile,
    rate: StateFile,
    width: CellId,
    groups: Vec<Group>,
}

struct StateFile {
    cell: CellId,
    path: PathBuf,
    file: Option<CounterFile>,
}

impl IbPort {
    /// `is_taken` tells of an interface whose row another RDMA device fills already: a software device (`rxe`, `siw`) stands
    /// on the interface of a real one. The later one then goes by its own name, so that neither overwrites the other.
    pub fn open(class: &Path, name: &str, number: &str, board: &mut Board, is_taken: impl Fn(&str) -> bool) -> IbPort {
        let device = class.join(name);
        let directory = device.join("ports").join(number);
        let driver = driver_of(&device, name);
        let netdev = netdev_of(&device, number).filter(|netdev| !is_taken(netdev));
        let port = netdev.unwrap_or_else(|| format!("{name}/{number}"));
        let entity = board.entity(board.identity().port_table(), &port);
        let link_layer = sysfs::text_or_empty(&directory.join("link_layer"));
        describe(&device, name, number, driver, &link_layer, entity, board);
        let mut cell = |raw: &str| board.cell(entity, NAME, NAME, raw).unwrap_or(CellId::NONE);
        let (state, phys_state, rate, width) = (cell("state"), cell("phys_state"), cell("rate"), cell("rate.width"));
        let file = |cell, raw: &str| StateFile { cell, path: directory.join(raw), file: None };
        let mut port = IbPort {
            state: file(state, "state"),
            phys_state: file(phys_state, "phys_state"),
            rate: file(rate, "rate"),
            width,
            has_state: driver != "efa",
            is_ethernet: link_layer == "Ethernet",
            number: number.to_owned(),
            device,
            directory,
            driver,
            name: port,
            entity,
            groups: Vec::new(),
        };
        port.offer_groups(board);
        port
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn entity(&self) -> EntityId {
        self.entity
    }

    /// Files of a firmware or a kernel module can come and go without the device.
    pub fn refresh(&mut self, board: &mut Board) {
        if self.groups.iter().any(Group::has_changed) {
            self.offer_groups(board);
        }
    }

    fn offer_groups(&mut self, board: &mut Board) {
        let hw = format!("{}.hw", self.driver);
        // On an Ethernet port these files count what RDMA moves, not what the port does.
        let drivers: &[&str] = if self.is_ethernet { &["roce", NAME] } else { &[NAME] };
        let hw: &[&str] = &[&hw];
        let mut directories =
            vec![(self.directory.join("counters"), drivers), (self.directory.join("hw_counters"), hw)];
        if self.number == "1" {
            // Counters of the device as a whole stand in its first port's row.
            directories.push((self.device.join("hw_counters"), hw));
        }
        self.groups = directories
            .into_iter()
            .map(|(directory, drivers)| Group::offer(directory, drivers, self.entity, board))
            .collect();
    }

    /// False when the device has gone.
    pub fn read(&mut self, round: &Round, slow: Duration, board: &mut Board) -> bool {
        let Some(mut row) = board.row(self.entity, now_ns()) else { return false };
        for group in &mut self.groups {
            if group.read(round, slow, &mut row) == Pass::Gone {
                return false;
            }
        }
        if round.wants(Tier::Normal) {
            self.read_states(&mut row);
        }
        true
    }

    fn read_states(&mut self, row: &mut Row<'_>) {
        if self.has_state {
            self.state.read(row, |text| sysfs::ib_state(text).map(|state| f64::from(u8::from(state == ACTIVE))));
            self.phys_state.read(row, |text| sysfs::ib_state(text).map(|state| state as f64));
        } else {
            row.absent(self.state.cell, "unknown: this driver says ACTIVE whatever the link does");
            row.absent(self.phys_state.cell, "unknown: this driver says LinkUp whatever the link does");
        }
        let mut width = None;
        self.rate.read(row, |text| {
            let rate = sysfs::ib_rate(text)?;
            width = rate.width;
            Some(rate.gigabits)
        });
        match width {
            Some(width) => row.uint(self.width, width),
            None => row.absent(self.width, "the rate names no number of lanes"),
        }
    }
}

impl StateFile {
    fn read(&mut self, row: &mut Row<'_>, parse: impl FnOnce(&str) -> Option<f64>) {
        let start = Instant::now();
        let text = self.text();
        row.took_us(start.elapsed().as_secs_f32() * 1e6);
        match text.map(|text| parse(&text).ok_or(text)) {
            Ok(Ok(value)) => row.float(self.cell, value),
            Ok(Err(text)) => row.absent(self.cell, format!("{} says {text:?}", self.path.display())),
            Err(e) => {
                self.file = None;
                let why = format!("{}: {e}", self.path.display());
                match e.is_gone() || e.is_unsupported() {
                    true => row.absent(self.cell, why),
                    false => row.fail(self.cell, why),
                }
            }
        }
    }

    fn text(&mut self) -> Result<String, ReadError> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(CounterFile::open(&self.path)?),
        };
        file.read_text()
    }
}

fn describe(device: &Path, name: &str, number: &str, driver: &str, link_layer: &str, id: EntityId, board: &mut Board) {
    let text = |file: &str| sysfs::text_or_empty(&device.join(file));
    board.describe(id, |d| {
        d.driver = driver.to_owned();
        d.part.model = text("hca_type");
        d.part.vendor = text("device/vendor");
        d.part.firmware = text("fw_ver");
        d.position = sysfs::link_name(&device.join("device")).unwrap_or_default();
        let rate = sysfs::ib_rate(&text(&format!("ports/{number}/rate")));
        d.speed_bps = d.speed_bps.or(rate.map(|rate| rate.bps()));
        let labels = [
            ("ibdev", name.to_owned()),
            ("ibport", number.to_owned()),
            ("link_layer", link_layer.to_owned()),
            ("board_id", text("board_id")),
            ("node_guid", text("node_guid")),
        ];
        d.labels.extend(labels.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v)));
    });
}
