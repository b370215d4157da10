//! Devices that come, go, and come back under the same name.

use super::config;
use crate::agent::identity;
use crate::board::{Board, Canonical, Cell, Status};
use crate::directory::PortDirectory;
use crate::schedule::Round;
use crate::sources::{Source, make_all};
use std::fs;
use std::path::Path;
use weft_wire::{Table, Tier};

fn plug(root: &Path, device: &str, downed: u64) {
    let port = root.join("sys/class/infiniband").join(device).join("ports/1");
    fs::create_dir_all(port.join("counters")).unwrap();
    fs::write(port.join("link_layer"), "InfiniBand\n").unwrap();
    fs::write(port.join("state"), "4: ACTIVE\n").unwrap();
    fs::write(port.join("counters/link_downed"), format!("{downed}\n")).unwrap();
    fs::write(port.join("counters/port_rcv_data"), "1000\n").unwrap();
}

fn open_files(root: &Path) -> usize {
    let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    links.filter(|target| target.starts_with(root)).count()
}

struct Rig {
    board: Board,
    sources: Vec<Box<dyn Source>>,
}

impl Rig {
    fn new(root: &Path) -> Rig {
        let config = config(root);
        let setup = config.setup(PortDirectory::default());
        let sources = make_all(&setup).into_iter().filter_map(|made| made.source.ok()).collect();
        Rig { board: Board::new(identity(&config)), sources }
    }

    fn tick(&mut self, slowest: Tier) {
        self.board.begin_round();
        for source in &mut self.sources {
            // Absent and failing sources must not stop the others.
            let _ = source.read(&Round { slowest, due_ns: 0 }, &mut self.board);
        }
        self.board.settle();
        self.board.relayout().unwrap();
    }

    /// (index, epoch, link_down_events) of a port.
    fn port(&self, name: &str) -> Option<(i32, i32, Option<Canonical>)> {
        let entity = self.board.entities().find(|e| e.table == Table::Nic && e.port == name)?;
        let downs = entity.cells().find(|c| c.counter() == "link_down_events").and_then(Cell::canonical);
        Some((entity.index, entity.epoch, downs))
    }
}

#[test]
fn files_are_closed_with_their_device_and_opened_with_its_successor() {
    let root = tempfile::tempdir().unwrap();
    plug(root.path(), "mlx5_0", 3);
    plug(root.path(), "mlx5_1", 4);
    let mut rig = Rig::new(root.path());
    rig.tick(Tier::Slow);
    let (first, epoch, downs) = rig.port("mlx5_0/1").unwrap();
    assert_eq!((epoch, downs), (0, Some(Canonical::Int(3))));
    let open = open_files(root.path());

    fs::remove_dir_all(root.path().join("sys/class/infiniband/mlx5_0")).unwrap();
    rig.tick(Tier::Normal);
    assert_eq!(rig.port("mlx5_0/1"), None);
    assert_eq!(rig.port("mlx5_1/1").unwrap().2, Some(Canonical::Int(4)), "the other is read on");
    assert_eq!(open_files(root.path()), open / 2);

    plug(root.path(), "mlx5_0", 1);
    rig.tick(Tier::Normal);
    let (second, epoch, downs) = rig.port("mlx5_0/1").unwrap();
    assert!(second > first && epoch > 0, "another device, another epoch");
    assert_eq!((downs, open_files(root.path())), (Some(Canonical::Int(1)), open));
}

/// Reading a directory fails, as a file of a device does.
fn breaks(root: &Path, device: &str, file: &str) {
    let broken = root.join("sys/class/infiniband").join(device).join("ports/1/counters").join(file);
    fs::remove_file(&broken).unwrap();
    fs::create_dir(&broken).unwrap();
}

/// (status, reason) of a device's counters, by file.
fn statuses(rig: &Rig, port: &str) -> Vec<(String, Status, String)> {
    let entity = rig.board.entities().find(|e| e.port == port).unwrap();
    let of_group = entity.cells().filter(|c| ["link_downed", "port_rcv_data"].contains(&c.raw.as_str()));
    of_group.map(|c| (c.raw.clone(), c.status().0, c.status().1)).collect()
}

#[test]
fn a_file_that_cannot_be_read_blinds_its_own_counter_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    plug(root.path(), "mlx5_0", 3);
    breaks(root.path(), "mlx5_0", "link_downed");
    let mut rig = Rig::new(root.path());
    for tier in [Tier::Slow, Tier::Normal, Tier::Slow] {
        rig.tick(tier);
        let [(_, downed, why), (_, data, _)] = &statuses(&rig, "mlx5_0/1")[..] else { panic!("two counters") };
        assert_eq!((*downed, *data), (Status::Failed, Status::Ok));
        assert!(why.contains("counters/link_downed"), "{why}");
    }
}

#[test]
fn a_device_that_fails_every_read_is_probed_by_one_file_and_stops_no_other() {
    let root = tempfile::tempdir().unwrap();
    plug(root.path(), "mlx5_0", 3);
    plug(root.path(), "mlx5_1", 4);
    breaks(root.path(), "mlx5_0", "link_downed");
    breaks(root.path(), "mlx5_0", "port_rcv_data");
    let mut rig = Rig::new(root.path());
    rig.tick(Tier::Slow);
    let said = statuses(&rig, "mlx5_0/1");
    assert!(said.iter().all(|(raw, status, why)| *status == Status::Failed && why.contains(raw)), "{said:?}");
    assert_eq!(rig.port("mlx5_1/1").unwrap().2, Some(Canonical::Int(4)));
    // Both are well again, but the device is left alone for a second.
    for file in ["link_downed", "port_rcv_data"] {
        let path = root.path().join("sys/class/infiniband/mlx5_0/ports/1/counters").join(file);
        fs::remove_dir(&path).unwrap();
        fs::write(path, "5\n").unwrap();
    }
    rig.tick(Tier::Slow);
    assert!(statuses(&rig, "mlx5_0/1").iter().all(|(_, status, _)| *status == Status::Failed), "not even tried");
}

#[test]
fn a_directory_that_cannot_be_listed_withdraws_nothing() {
    let root = tempfile::tempdir().unwrap();
    plug(root.path(), "mlx5_0", 3);
    let mut rig = Rig::new(root.path());
    rig.tick(Tier::Slow);
    let before = rig.port("mlx5_0/1").unwrap();
    let away = root.path().join("away");
    let class = root.path().join("sys/class/infiniband");
    for directory in [class.join("mlx5_0/ports"), class.clone()] {
        // Listing a file fails, and not because it is not there: as EMFILE does.
        fs::rename(&directory, &away).unwrap();
        fs::write(&directory, "").unwrap();
        rig.tick(Tier::Slow);
        assert_eq!(rig.port("mlx5_0/1"), Some(before), "{}", directory.display());
        fs::remove_file(&directory).unwrap();
        fs::rename(&away, &directory).unwrap();
    }
    rig.tick(Tier::Slow);
    assert_eq!(rig.port("mlx5_0/1"), Some(before));
    fs::remove_dir_all(&class).unwrap();
    rig.tick(Tier::Normal);
    assert_eq!(rig.port("mlx5_0/1"), None, "what is not there has gone");
}

/// An interface below `/sys/class/net` that is up or set down.
fn interface(root: &Path, name: &str, flags: &str) {
    let directory = root.join("sys/class/net").join(name);
    fs::create_dir_all(&directory).unwrap();
    for (file, text) in [("type", "1\n"), ("carrier", "1\n"), ("flags", flags)] {
        fs::write(directory.join(file), text).unwrap();
    }
}

#[test]
fn what_is_done_to_ports_of_a_tree_is_told_once() {
    let root = tempfile::tempdir().unwrap();
    interface(root.path(), "rail3", "0x1003\n");
    interface(root.path(), "spare9", "0x1002\n");
    plug(root.path(), "mlx5_4", 1);
    let mut rig = Rig::new(root.path());
    let told = |rig: &mut Rig| {
        rig.tick(Tier::Normal);
        rig.board.take_events().into_iter().map(|e| format!("{} {}", e.event, e.text)).collect::<Vec<_>>()
    };
    assert!(told(&mut rig).is_empty(), "how things stand at first is no change");
    interface(root.path(), "rail3", "0x1002\n");
    assert_eq!(told(&mut rig), ["change rail3: set down by its administrator"]);
    assert!(told(&mut rig).is_empty());
    interface(root.path(), "rail3", "0x1003\n");
    assert_eq!(told(&mut rig), ["change rail3: set up by its administrator"]);
    fs::remove_dir_all(root.path().join("sys/class/net/rail3")).unwrap();
    fs::remove_dir_all(root.path().join("sys/class/infiniband/mlx5_4")).unwrap();
    let gone = ["change rail3: removed from its device", "change mlx5_4/1: removed from its device"];
    assert_eq!(told(&mut rig), gone);
    assert!(told(&mut rig).is_empty());
}
