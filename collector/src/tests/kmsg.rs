//! The kernel's log: records as `/dev/kmsg` gives them, about the devices of a tree of files; and the log of this machine.

use super::config;
use crate::agent::identity;
use crate::board::Board;
use crate::directory::PortDirectory;
use crate::root::Root;
use crate::schedule::Round;
use crate::sources::{self, Kmsg, Source, SourceError};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use weft_wire::{Table, Tier};

const SECOND: i64 = 1_000_000_000;
const START_NS: i64 = 1_767_000_000 * SECOND;

/// A log of which each read gives one record, or the error that the kernel would give.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<VecDeque<io::Result<String>>>>);

impl Read for Log {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let record = self.0.lock().unwrap().pop_front().unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))?;
        buffer[..record.len()].copy_from_slice(record.as_bytes());
        Ok(record.len())
    }
}

struct Rig {
    log: Log,
    source: Kmsg,
    board: Board,
    second: i64,
    number: u64,
    _tree: TempDir,
}

fn device(root: &Path, address: &str, vendor: &str, class: &str) {
    let folder = root.join("sys/bus/pci/devices").join(address);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("vendor"), format!("{vendor}\n")).unwrap();
    std::fs::write(folder.join("class"), format!("{class}\n")).unwrap();
}

impl Rig {
    /// A node with two GPUs and the port eth0, which is the second function of its card.
    fn new() -> Rig {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        device(root, "0000:1b:00.0", "0x10de", "0x030200");
        device(root, "0000:0a:00.0", "0x10de", "0x030200");
        device(root, "0000:05:00.0", "0x10de", "0x068000");
        device(root, "0000:3b:00.1", "0x15b3", "0x020000");
        std::fs::create_dir_all(root.join("sys/class/net/eth0")).unwrap();
        let folder = root.join("sys/bus/pci/devices/0000:3b:00.1");
        std::os::unix::fs::symlink(folder, root.join("sys/class/net/eth0/device")).unwrap();
        let log = Log::default();
        let source = Kmsg::new(Box::new(log.clone()), Root::new(root));
        let mut board = Board::new(identity(&config(root)));
        let eth0 = board.entity(Table::Nic, "eth0");
        board.cell(eth0, "netdev", "netdev", "rx_bytes");
        Rig { log, source, board, second: 0, number: 0, _tree: tree }
    }

    fn log(&mut self, text: &str) {
        self.number += 1;
        self.log.0.lock().unwrap().push_back(Ok(format!("4,{},1000,-;{text}\n", self.number)));
    }

    /// A tick of a second; the events of it: of which port, kind, text.
    fn tick(&mut self) -> Vec<(Option<i32>, String, String)> {
        self.second += 1;
        self.board.begin_round();
        let round = Round { slowest: Tier::Normal, due_ns: START_NS + self.second * SECOND };
        self.source.read(&round, &mut self.board).unwrap();
        self.board.settle();
        let told = self.board.take_events().into_iter().map(|e| (e.port, e.event, e.text)).collect();
        self.board.relayout().unwrap();
        told
    }

    fn index(&self, port: &str) -> Option<i32> {
        self.board.entities().find(|e| e.port == port).map(|e| e.index)
    }
}

#[test]
fn a_card_that_does_not_answer_is_told_of_its_port_and_not_a_thousand_times() {
    let mut rig = Rig::new();
    assert_eq!(rig.tick(), []);
    let line = "mlx5_core 0000:3b:00.1: wait_func:1195:(pid 77): ENABLE_HCA(0x104) timeout. Will cause a leak of a command resource";
    rig.log("mlx5_core 0000:3b:00.1: firmware version: 28.39.1002");
    (0..1000).for_each(|_| rig.log(line));
    let told = rig.tick();
    assert_eq!(told, [(rig.index("eth0"), "kernel".to_owned(), format!("eth0: {line}"))]);
    (0..9).for_each(|_| assert_eq!(rig.tick(), []));
    rig.log(line);
    let told = rig.tick();
    assert_eq!(told.len(), 1);
    assert!(told[0].2.ends_with("(999 times more since it was told last)"), "{}", told[0].2);
}

#[test]
fn an_xid_is_told_of_its_gpu_and_counted_though_no_library_knows_the_gpu() {
    let mut rig = Rig::new();
    let line = "NVRM: Xid (PCI:0000:1b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.";
    rig.log(line);
    rig.log("NVRM: Xid (PCI:0000:1b:00): 154, pid='<unknown>', name=<unknown>, GPU recovery action changed");
    assert_eq!(rig.tick(), [], "no inventory knows the GPU yet");
    let told = rig.tick();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], (rig.index("gpu1"), "xid".to_owned(), format!("gpu1: {line}")), "the second on the bus");
    (0..500).for_each(|_| rig.log(line));
    assert_eq!(rig.tick(), [], "counted, and told a moment ago");
    rig.log("NVRM: Xid (PCI:0000:1b:00): 94, pid=12, name=python3, Ch 00000008");
    assert_eq!(rig.tick().len(), 1);
    let gpu = rig.board.entities().find(|e| e.port == "gpu1").unwrap();
    let counted: Vec<_> = gpu.cells().map(|cell| (cell.raw.as_str(), cell.counter(), cell.canonical())).collect();
    use crate::board::Canonical::{Float, Int};
    assert_eq!(counted, [("xid.count", "xid", Some(Int(503))), ("xid", "last_xid", Some(Float(94.0)))]);
    rig.log("NVRM: Xid (PCI:0000:99:00): 79, pid=1");
    let told = rig.tick();
    assert_eq!((told[0].0, told[0].1.as_str()), (None, "xid"), "it is on no bus: told of the node");
}

#[test]
fn an_xid_that_nvml_tells_is_not_told_twice() {
    let mut rig = Rig::new();
    let gpu = rig.board.entity(Table::Gpu, "gpu1");
    rig.board.describe(gpu, |descriptor| descriptor.position = "00000000:1B:00.0".into());
    let cell = rig.board.cell(gpu, "gpu", "nvml", "nvmlEventSetWait.xid.count").unwrap();
    rig.board.begin_round();
    rig.board.row(gpu, START_NS).unwrap().uint(cell, 1);
    rig.board.settle();
    rig.board.relayout().unwrap();
    rig.log("NVRM: Xid (PCI:0000:1b:00): 94, pid=12");
    assert_eq!(rig.tick(), []);
    rig.log("NVRM: Xid (PCI:0000:1b:00): 79, pid=12");
    assert_eq!(rig.tick().len(), 1, "NVML may not be able to tell this one");
    rig.board.begin_round();
    rig.board.row(gpu, START_NS).unwrap().fail(cell, "GPU_IS_LOST");
    rig.log("NVRM: Xid (PCI:0000:1b:00): 48, pid=12");
    assert_eq!(rig.tick().len(), 1, "nor this one now");
    rig.log("NVRM: Xid (PCI:0000:0a:00): 79, pid=12");
    assert_eq!([rig.tick().len(), rig.tick().len()], [0, 1], "once an inventory names it");
    assert_eq!(rig.board.entities().filter(|entity| entity.table == Table::Gpu).count(), 2, "gpu0 is made");
}

#[test]
fn a_name_that_another_gpu_has_is_not_taken() {
    let mut rig = Rig::new();
    let gpu = rig.board.entity(Table::Gpu, "gpu0");
    // A container that may see one GPU alone, the second on the bus, which NVML counts as its first.
    rig.board.describe(gpu, |descriptor| descriptor.position = "00000000:1B:00.0".into());
    rig.board.cell(gpu, "gpu", "nvml", "nvmlDeviceGetPowerUsage");
    rig.board.relayout().unwrap();
    rig.log("NVRM: Xid (PCI:0000:0a:00): 79, pid=12");
    let told = rig.tick();
    assert_eq!(told.iter().map(|(port, event, _)| (*port, event.as_str())).collect::<Vec<_>>(), [(None, "xid")]);
    rig.log("NVRM: Xid (PCI:0000:1b:00): 79, pid=12");
    assert_eq!(rig.tick()[0].0, rig.index("gpu0"));
}

#[test]
fn what_was_overwritten_is_said_and_what_is_no_record_passed_over() {
    let mut rig = Rig::new();
    rig.log("one");
    assert_eq!(rig.tick(), []);
    rig.log.0.lock().unwrap().push_back(Err(io::Error::from_raw_os_error(libc::EPIPE)));
    rig.log.0.lock().unwrap().push_back(Ok("garbage".into()));
    rig.number += 40;
    rig.log("nfs: server 10.0.0.9 not responding, still trying");
    let told = rig.tick();
    assert_eq!(
        told.iter().map(|(port, event, _)| (*port, event.as_str())).collect::<Vec<_>>(),
        [(None, "collector"), (None, "kernel")]
    );
    assert!(told[0].2.starts_with("40 records"), "{}", told[0].2);
    rig.log.0.lock().unwrap().push_back(Err(io::Error::from_raw_os_error(libc::EBADF)));
    let round = Round { slowest: Tier::Normal, due_ns: START_NS + 99 * SECOND };
    assert!(matches!(rig.source.read(&round, &mut rig.board), Err(SourceError::Failed(_))));
}

#[test]
fn the_log_of_this_machine_can_be_read_or_it_is_said_what_is_missing() {
    let off: Vec<String> = sources::names().filter(|name| *name != "kmsg").map(str::to_owned).collect();
    let config = crate::config::CollectorConfig { off, ..config(Path::new("/")) };
    let made = sources::make_all(&config.setup(PortDirectory::default())).pop().unwrap();
    let mut board = Board::new(identity(&config));
    board.begin_round();
    match made.source {
        Ok(mut source) => source.read(&Round { slowest: Tier::Slow, due_ns: START_NS }, &mut board).unwrap(),
        Err(SourceError::Absent(why)) => assert!(why.contains("/dev/kmsg"), "{why}"),
        Err(why) => assert!(why.to_string().contains("CAP_SYSLOG"), "{why}"),
    }
}
