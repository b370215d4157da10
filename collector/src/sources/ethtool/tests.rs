//! Replies as drivers give them, recorded and hostile, decoded by the code that decodes the kernel's.

use super::*;
use crate::agent::identity;
use crate::board::{EntityId, Reading, Status};
use crate::config::CollectorConfig;
use crate::directory::DirectoryEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use weft_wire::Table;

/// A driver that answers with what a test sets, and fills the caller's memory as the kernel does: with all it has, at most.
#[derive(Clone, Default)]
struct Driver(Arc<Mutex<Answers>>);

#[derive(Default)]
struct Answers {
    name: String,
    names: Vec<Vec<u8>>,
    values: Vec<u64>,
    /// What it says that it has, where that differs from what it has.
    says_count: Option<u32>,
    says_names: Option<u32>,
    says_values: Option<u32>,
    /// errno by number of the command.
    fails: Option<(u32, i32)>,
    takes: Duration,
    calls: usize,
}

impl Driver {
    fn new(name: &str, statistics: &[(&str, u64)]) -> Driver {
        let driver = Driver::default();
        driver.set(|a| {
            a.name = name.to_owned();
            a.names = statistics.iter().map(|(name, _)| name.as_bytes().to_vec()).collect();
            a.values = statistics.iter().map(|(_, value)| *value).collect();
        });
        driver
    }

    fn set(&self, set: impl FnOnce(&mut Answers)) {
        set(&mut self.0.lock().unwrap());
    }
}

impl Edge for Driver {
    fn call(&self, interface: &str, command: &mut [u8]) -> io::Result<()> {
        assert_eq!(interface, "eth0");
        let mut a = self.0.lock().unwrap();
        a.calls += 1;
        std::thread::sleep(a.takes);
        let number = u32::from_ne_bytes(command[..4].try_into().unwrap());
        if let Some((_, errno)) = a.fails.filter(|(fails, _)| *fails == number) {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let mut fill = |at: usize, bytes: &[u8]| {
            // The kernel would write past the end of what it was given. It must never have to.
            assert!(
                at + bytes.len() <= command.len() || a.says_count.is_some(),
                "no room for {} bytes at {at}",
                bytes.len()
            );
            let end = command.len().min(at + bytes.len());
            command[at..end].copy_from_slice(&bytes[..end - at]);
        };
        match number {
            0x03 => fill(4, a.name.as_bytes()),
            0x37 => fill(16, &a.says_count.unwrap_or(a.names.len() as u32).to_ne_bytes()),
            0x1b => {
                fill(8, &a.says_names.unwrap_or(a.names.len() as u32).to_ne_bytes());
                for (at, name) in a.names.iter().enumerate() {
                    let mut place = [0; 32];
                    place[..name.len()].copy_from_slice(name);
                    fill(12 + at * 32, &place);
                }
            }
            0x1d => {
                fill(4, &a.says_values.unwrap_or(a.values.len() as u32).to_ne_bytes());
                a.values.iter().enumerate().for_each(|(at, value)| fill(8 + at * 8, &value.to_ne_bytes()));
            }
            other => panic!("command {other:#x}"),
        }
        Ok(())
    }
}

struct Rig {
    driver: Driver,
    board: Board,
    source: Ethtool,
    directory: PortDirectory,
    port: EntityId,
}

impl Rig {
    fn new(driver: Driver) -> Rig {
        let mut board = Board::new(identity(&CollectorConfig::default()));
        let (directory, slow) = (PortDirectory::default(), Duration::from_secs(60));
        let port = board.entity(Table::Nic, "eth0");
        board.cell(port, "netdev", "netdev", "rx_bytes");
        directory.insert(7, DirectoryEntry { port: "eth0".into(), entity: port, admin_up: true, address: None });
        let source = Ethtool::new(Box::new(driver.clone()), directory.clone(), slow);
        Rig { driver, board, source, directory, port }
    }

    fn read(&mut self, slowest: Tier) {
        self.board.begin_round();
        self.source.read(&Round { slowest, due_ns: 0 }, &mut self.board).unwrap();
        self.board.settle();
        self.board.relayout().unwrap();
    }

    fn find(&self, port: &str, raw: &str) -> Option<(Status, Reading)> {
        let entity = self.board.entities().find(|e| e.port == port)?;
        entity.cells().find(|c| c.source == NAME && c.raw == raw).map(|c| (c.status().0, c.reading.clone()))
    }

    fn value(&self, raw: &str) -> Option<u64> {
        match self.find("eth0", raw)?.1 {
            Reading::Uint(value) => Some(value),
            _ => None,
        }
    }

    fn whole(&self) -> String {
        match self.find("eth0", "(statistics)").expect("the port is spoken of").1 {
            Reading::Absent(why) | Reading::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }
}

const MLX5: [(&str, u64); 6] = [
    ("rx_bytes_phy", 1000),
    ("rx_prio3_pause", 7),
    ("rx0_packets", 5),
    ("rx_err_lane_2_phy", 11),
    ("some_new_counter", 13),
    ("outbound_pci_stalled_wr", 42),
];

#[test]
fn a_driver_is_read_as_the_catalogue_says_and_the_rest_is_kept() {
    let mut rig = Rig::new(Driver::new("mlx5_core", &MLX5));
    rig.read(Tier::Slow);
    for (raw, value) in [("rx_bytes_phy", 1000), ("rx_prio3_pause", 7), ("outbound_pci_stalled_wr", 42)] {
        assert_eq!(rig.find("eth0", raw), Some((Status::Ok, Reading::Uint(value))), "{raw}");
    }
    assert_eq!(rig.find("eth0", "some_new_counter"), Some((Status::Unmapped, Reading::Uint(13))));
    assert_eq!(rig.find("eth0/l2", "rx_err_lane_{lane}_phy"), Some((Status::Ok, Reading::Uint(11))));
    assert_eq!(rig.find("eth0", "rx0_packets"), None, "of one ring");
    assert_eq!(
        rig.whole(),
        "mlx5_core has 6 statistics; 1 of single rings and channels are left out: the port's counters hold their sums"
    );
    // What the catalogue claims of mlx5 and this one lacks.
    let (status, reading) = rig.find("eth0", "rx_prio4_pause").unwrap();
    assert!(status == Status::Absent && matches!(reading, Reading::Absent(why) if why.contains("catalogue names it")));
}

#[test]
fn names_are_read_once_and_again_when_their_number_changes() {
    let mut rig = Rig::new(Driver::new("mlx5_core", &MLX5));
    rig.read(Tier::Slow);
    let before = rig.driver.0.lock().unwrap().calls;
    rig.driver.set(|a| a.values[1] = 8);
    rig.read(Tier::Normal);
    assert_eq!((rig.value("rx_prio3_pause"), rig.driver.0.lock().unwrap().calls - before), (Some(8), 1), "one call");
    // The string table shrinks, and its places move.
    rig.driver.set(|a| {
        a.names.remove(0);
        a.values.remove(0);
        a.values[0] = 9;
    });
    rig.read(Tier::Normal);
    assert_eq!((rig.value("rx_prio3_pause"), rig.value("outbound_pci_stalled_wr")), (Some(9), Some(42)));
    assert_eq!(rig.value("rx_bytes_phy"), None, "no longer there");
    // And grows.
    rig.driver.set(|a| {
        a.names.insert(0, b"tx_bytes_phy".to_vec());
        a.values.insert(0, 77);
    });
    rig.read(Tier::Normal);
    assert_eq!((rig.value("tx_bytes_phy"), rig.value("rx_prio3_pause")), (Some(77), Some(9)));
}

#[test]
fn counts_that_lie_take_no_memory_and_give_no_value() {
    for (what, lie) in [
        ("a count of billions", Answers { says_count: Some(u32::MAX), ..Answers::default() }),
        ("more names than places", Answers { says_names: Some(u32::MAX), ..Answers::default() }),
        ("fewer values than names", Answers { says_values: Some(1), ..Answers::default() }),
        ("more values than names", Answers { says_values: Some(u32::MAX), ..Answers::default() }),
        ("no values", Answers { says_values: Some(0), ..Answers::default() }),
    ] {
        let driver = Driver::new("mlx5_core", &MLX5);
        driver.set(|a| (a.says_count, a.says_names, a.says_values) = (lie.says_count, lie.says_names, lie.says_values));
        let mut rig = Rig::new(driver);
        rig.read(Tier::Slow);
        match what {
            "more names than places" => assert_eq!(rig.value("rx_prio3_pause"), Some(7), "{what}"),
            _ => {
                assert_eq!(rig.value("rx_prio3_pause"), None, "{what}");
                assert_eq!(rig.find("eth0", "(statistics)").unwrap().0, Status::Failed, "{what}: {}", rig.whole());
            }
        }
    }
}

#[test]
fn names_of_any_bytes_are_names() {
    let driver = Driver::new("odd", &[]);
    driver.set(|a| {
        a.names = vec![
            b"\xff\xfe_errors".to_vec(),
            b"exactly_thirty_two_bytes_of_name".to_vec(),
            b"before\0after".to_vec(),
            Vec::new(),
            b"  spaced out ".to_vec(),
            b"before".to_vec(),
        ];
        a.values = vec![1, 2, 3, 4, 5, 6];
    });
    let mut rig = Rig::new(driver);
    rig.read(Tier::Slow);
    for (raw, value) in [
        ("\u{fffd}\u{fffd}_errors", 1),
        ("exactly_thirty_two_bytes_of_name", 2),
        ("before", 3),
        ("spaced out", 5),
        ("before#2", 6),
    ] {
        assert_eq!(rig.value(raw), Some(value), "{raw:?}");
    }
}

#[test]
fn a_driver_without_statistics_is_no_failure_and_one_that_fails_is_left_alone() {
    let mut none = Rig::new(Driver::new("tun", &[]));
    none.read(Tier::Slow);
    assert_eq!(none.whole(), "tun counts nothing by itself here");
    let unsupported = Driver::new("virtio", &MLX5);
    unsupported.set(|a| a.fails = Some((0x37, libc::EOPNOTSUPP)));
    let mut unsupported = Rig::new(unsupported);
    unsupported.read(Tier::Slow);
    assert_eq!(unsupported.find("eth0", "(statistics)").unwrap().0, Status::Absent);

    let mut rig = Rig::new(Driver::new("mlx5_core", &MLX5));
    rig.read(Tier::Slow);
    rig.driver.set(|a| a.fails = Some((0x1d, libc::EIO)));
    rig.read(Tier::Normal);
    let (status, reading) = rig.find("eth0", "rx_bytes_phy").unwrap();
    assert!(status == Status::Failed && matches!(&reading, Reading::Failed(why) if why.contains("Input/output")));
    assert_eq!(rig.find("eth0", "rx_prio4_pause").unwrap().0, Status::Absent, "it was never there");
    let calls = rig.driver.0.lock().unwrap().calls;
    rig.read(Tier::Normal);
    assert_eq!(rig.driver.0.lock().unwrap().calls, calls, "left alone for a second");
}

#[test]
fn a_slow_driver_is_read_at_normal_ticks_then_left_alone() {
    let driver = Driver::new("mlx5_core", &MLX5);
    driver.set(|a| a.takes = Duration::from_millis(2));
    let mut rig = Rig::new(driver);
    rig.source.slow = Duration::from_millis(1);
    rig.read(Tier::Slow);
    let calls = |rig: &Rig| rig.driver.0.lock().unwrap().calls;
    let before = calls(&rig);
    rig.read(Tier::Fast);
    assert_eq!(calls(&rig), before, "2 ms are too dear for ten times a second");
    (0..5).for_each(|_| rig.read(Tier::Normal));
    assert_eq!(calls(&rig) - before, 3, "three slow readings, then a pause");
    assert!(rig.whole().starts_with("slow: "), "{}", rig.whole());
}

#[test]
fn what_goes_takes_its_rows_with_it() {
    let mut rig = Rig::new(Driver::new("mlx5_core", &MLX5));
    rig.read(Tier::Slow);
    rig.directory.remove(7);
    rig.read(Tier::Normal);
    assert_eq!(rig.board.entities().map(|e| e.port.as_str()).collect::<Vec<_>>(), ["eth0"], "its lane has gone");
    assert!(rig.board.get(rig.port).unwrap().cells().all(|c| c.source == "netdev"));
}

/// What `ethtool -S` printed: `     name: value`, after a line of heading.
fn printed(text: &str) -> Vec<(&str, u64)> {
    let lines = text.lines().skip(1).filter_map(|line| line.trim().rsplit_once(": "));
    lines.map(|(name, value)| (name, value.parse().unwrap())).collect()
}

#[test]
fn captured_statistics_are_read_in_full() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let folder = std::env::var_os("WEFT_FIXTURES").map_or(beside, PathBuf::from).join("ionic/nic");
    let Ok(text) = std::fs::read_to_string(folder.join("ethtool_S_enp68s0.txt")) else {
        eprintln!("SKIPPED: no captured statistics at {} (set WEFT_FIXTURES)", folder.display());
        return;
    };
    let printed = printed(&text);
    let mut rig = Rig::new(Driver::new("ionic", &printed));
    rig.read(Tier::Slow);
    let (mut columns, mut kept) = (0, 0);
    for (name, value) in &printed {
        match rig.find("eth0", name) {
            Some((Status::Ok, reading)) => {
                assert_eq!(reading, Reading::Uint(*value), "{name}");
                columns += 1;
            }
            Some((status, reading)) => {
                assert_eq!((status, reading), (Status::Unmapped, Reading::Uint(*value)), "{name}");
                kept += 1;
            }
            None => assert!(name.starts_with("tx_") || name.starts_with("rx_"), "{name}: only rings are left out"),
        }
    }
    assert!(columns >= 50 && kept >= 40, "{columns} columns, {kept} kept: {}", rig.whole());
    assert_eq!(rig.value("frames_rx_all"), Some(283_924_076_469));
}
