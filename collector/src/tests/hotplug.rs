//! Devices that come, go, and come back under the same name.

use super::config;
use crate::agent::identity;
use crate::board::Board;
use crate::directory::PortDirectory;
use crate::schedule::Round;
use crate::sources::{Setup, Source, make_all};
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
        let setup = Setup { config: &config, root: config.root(), directory: PortDirectory::default() };
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
    fn port(&self, name: &str) -> Option<(i32, i32, Option<f64>)> {
        let entity = self.board.entities().find(|e| e.table == Table::Nic && e.port == name)?;
        let downs = entity.cells().find(|c| c.counter() == "link_down_events").and_then(|c| c.value());
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
    assert_eq!((epoch, downs), (0, Some(3.0)));
    let open = open_files(root.path());

    fs::remove_dir_all(root.path().join("sys/class/infiniband/mlx5_0")).unwrap();
    rig.tick(Tier::Normal);
    assert_eq!(rig.port("mlx5_0/1"), None);
    assert_eq!(rig.port("mlx5_1/1").unwrap().2, Some(4.0), "the other is read on");
    assert_eq!(open_files(root.path()), open / 2);

    plug(root.path(), "mlx5_0", 1);
    rig.tick(Tier::Normal);
    let (second, epoch, downs) = rig.port("mlx5_0/1").unwrap();
    assert!(second > first && epoch > 0, "another device, another epoch");
    assert_eq!((downs, open_files(root.path())), (Some(1.0), open));
}

#[test]
fn a_device_that_fails_every_read_is_tried_once_and_stops_no_other() {
    let root = tempfile::tempdir().unwrap();
    plug(root.path(), "mlx5_0", 3);
    plug(root.path(), "mlx5_1", 4);
    // Reading a directory fails as a device does, at the first file in order.
    let broken = root.path().join("sys/class/infiniband/mlx5_0/ports/1/counters/link_downed");
    fs::remove_file(&broken).unwrap();
    fs::create_dir(&broken).unwrap();
    let mut rig = Rig::new(root.path());
    rig.tick(Tier::Slow);
    let entity = rig.board.entities().find(|e| e.port == "mlx5_0/1").unwrap();
    let of_group = entity.cells().filter(|c| ["link_downed", "port_rcv_data"].contains(&c.raw.as_str()));
    let status: Vec<_> = of_group.map(|c| c.status().0).collect();
    assert_eq!(status, [crate::board::Status::Failed; 2], "the second file is not even opened");
    assert_eq!(rig.port("mlx5_1/1").unwrap().2, Some(4.0));
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
