//! Switches by gNMI: openconfig's own server (`tests/gnmi`, built by `deploy/setup.sh test`), which tells what stands in a text file.

use super::config;
use crate::agent::identity;
use crate::board::{Board, Canonical};
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::schedule::Round;
use crate::sources::{self, Setup, Source};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use weft_wire::{DeviceKind, Table, Tier};

const LEAF_1: &str = "\
interfaces/interface[name=Ethernet1]/state/counters/in-octets uint 1000
interfaces/interface[name=Ethernet1]/state/counters/out-octets json \"18446744073709000\"
interfaces/interface[name=Ethernet1]/state/counters/last-clear uint 5
interfaces/interface[name=Ethernet1]/state/oper-status string UP
interfaces/interface[name=Ethernet1]/ethernet/state/port-speed string SPEED_400GB
interfaces/interface[name=Vlan7]/state/counters/in-octets uint 3
";
const LEAF_2: &str = r#"COUNTERS/Ethernet0 json {"SAI_PORT_STAT_IF_IN_OCTETS": "2000", "SAI_PORT_STAT_IF_OUT_OCTETS": "many"}
COUNTERS/Ethernet4 json {"SAI_PORT_STAT_IF_IN_OCTETS": "4000"}
"#;
/// Longer than a target may be silent, and than its first two waits.
const AT_LAST: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    address: String,
    file: PathBuf,
}

impl Server {
    /// `None` where the server was not built.
    fn start(folder: &Path, device: &str, target: &str, values: &str) -> Option<Server> {
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/weft"));
        let cache = std::env::var_os("WEFT_CACHE").map(PathBuf::from).or_else(home)?;
        let program = cache.join("bin/gnmi-server");
        if !program.exists() {
            eprintln!("SKIPPED: {} is not there; deploy/setup.sh test builds it", program.display());
            return None;
        }
        let file = folder.join(device);
        fs::write(&file, values).unwrap();
        let mut command = Command::new(program);
        let mut child = command.arg(target).arg(&file).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Server { child, address: address.trim().to_owned(), file })
    }

    /// The server reads the file at any moment: it must never see half of it.
    fn tell(&self, values: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, values).unwrap();
        fs::rename(&new, &self.file).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn target(device: &str, address: &str, more: &str) -> String {
    format!("[[target]]\ndevice = '{device}'\naddress = '{address}'\nplaintext = true\ninterval_ms = 200\n{more}\n")
}

const OPENCONFIG: &str = "encoding = 'proto'\nprefix_target = 'leaf-1'";
const SONIC: &str = "dialect = 'sonic'\npaths = ['COUNTERS_DB:COUNTERS/*']";

struct Rig {
    board: Board,
    source: Box<dyn Source>,
    events: Vec<String>,
}

impl Rig {
    fn new(targets: &Path) -> Rig {
        let off = sources::names().filter(|name| *name != "gnmi").map(str::to_owned).collect();
        let config = CollectorConfig { gnmi: targets.to_owned(), off, ..config(Path::new("/")) };
        let setup = Setup { patience: Duration::from_secs(20), ..config.setup(PortDirectory::default()) };
        let source = sources::make_all(&setup).pop().unwrap().source.unwrap();
        Rig { board: Board::new(identity(&config)), source, events: Vec::new() }
    }

    fn tick(&mut self) {
        self.board.begin_round();
        // The first reading is an error where a target is not heard; the events say so, too.
        let _told_by_events = self.source.read(&Round { slowest: Tier::Normal, due_ns: 1 }, &mut self.board);
        self.board.settle();
        self.board.relayout().unwrap();
        self.events.extend(self.board.take_events().into_iter().map(|event| event.text));
    }

    /// Ticks until it holds.
    fn until(&mut self, what: &str, holds: impl Fn(&Rig) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < AT_LAST, "{what}: not within {AT_LAST:?}; events {:#?}", self.events);
            std::thread::sleep(Duration::from_millis(50));
            self.tick();
        }
    }

    fn value(&self, device: &str, port: &str, counter: &str) -> Option<i64> {
        let mut entities = self.board.entities();
        let entity = entities.find(|e| e.port == port && self.board.device_name(e.device) == device)?;
        match entity.cells().find(|cell| cell.counter() == counter)?.canonical()? {
            Canonical::Int(value) => Some(value),
            Canonical::Float(value) => Some(value as i64),
            Canonical::TooLarge => None,
        }
    }

    fn ports(&self) -> Vec<(String, String)> {
        self.board.inventory().ports.into_iter().map(|port| (port.device, port.port)).collect()
    }

    fn heard(&self, words: &[&str]) -> bool {
        self.events.iter().any(|event| words.iter().all(|word| event.contains(word)))
    }
}

#[test]
fn counters_of_two_switches_come_under_their_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let Some(one) = Server::start(folder.path(), "leaf-1", "leaf-1", LEAF_1) else { return };
    let two = Server::start(folder.path(), "leaf-2", "COUNTERS_DB", LEAF_2).unwrap();
    let targets = folder.path().join("gnmi.toml");
    let file = target("leaf-1", &one.address, OPENCONFIG) + &target("leaf-2", &two.address, SONIC);
    fs::write(&targets, file).unwrap();
    let mut rig = Rig::new(&targets);
    rig.until("all values", |rig| {
        rig.value("leaf-1", "Ethernet1", "speed_bps").is_some()
            && rig.value("leaf-2", "Ethernet4", "rx_bytes").is_some()
    });
    let leaf_1 = |counter| rig.value("leaf-1", "Ethernet1", counter);
    assert_eq!(
        (leaf_1("rx_bytes"), leaf_1("tx_bytes")),
        (Some(1000), Some(18_446_744_073_709_000)),
        "exact beyond 2^53"
    );
    assert_eq!((leaf_1("link_up"), leaf_1("speed_bps")), (Some(1), Some(400_000_000_000)));
    assert_eq!(rig.value("leaf-2", "Ethernet0", "rx_bytes"), Some(2000));
    assert_eq!(rig.value("leaf-2", "Ethernet0", "tx_bytes"), None, "what is no number is none");
    assert!(rig.heard(&["leaf-2", "SAI_PORT_STAT_IF_OUT_OCTETS", "\"many\" is no number"]), "{:#?}", rig.events);
    let mut ports = rig.ports();
    ports.sort();
    let expected = [("leaf-1", "Ethernet1"), ("leaf-2", "Ethernet0"), ("leaf-2", "Ethernet4")];
    assert_eq!(ports, expected.map(|(device, port)| (device.to_owned(), port.to_owned())), "and no Vlan7");
    let inventory = rig.board.inventory();
    let devices: Vec<_> = inventory.devices.iter().map(|d| (d.device.as_str(), d.kind)).collect();
    let switch = DeviceKind::Switch;
    assert_eq!(devices, [("n1", DeviceKind::Node), ("leaf-1", switch), ("leaf-2", switch)]);
    assert!(inventory.ports.iter().all(|port| port.table == Table::SwitchPort));
    let fast = inventory.ports.iter().find(|port| port.port == "Ethernet1").unwrap();
    assert_eq!((fast.driver.as_str(), fast.speed_bps), ("openconfig", Some(400_000_000_000)));

    one.tell(&LEAF_1.replace("uint 1000", "uint 1500"));
    rig.until("a new value", |rig| rig.value("leaf-1", "Ethernet1", "rx_bytes") == Some(1500));
    two.tell("COUNTERS/Ethernet4 json {\"SAI_PORT_STAT_IF_IN_OCTETS\": \"4001\"}");
    rig.until("a port that is gone", |rig| !rig.ports().iter().any(|(_, port)| port == "Ethernet0"));
    assert_eq!(rig.value("leaf-2", "Ethernet4", "rx_bytes"), Some(4001));
}

#[test]
fn a_target_that_is_silent_or_dead_holds_up_no_other_and_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(one) = Server::start(folder.path(), "leaf-1", "leaf-1", LEAF_1) else { return };
    let two = Server::start(folder.path(), "leaf-2", "COUNTERS_DB", LEAF_2).unwrap();
    let targets = folder.path().join("gnmi.toml");
    let first = target("leaf-1", &one.address, OPENCONFIG);
    fs::write(&targets, first.clone() + &target("leaf-2", &two.address, SONIC)).unwrap();
    let mut rig = Rig::new(&targets);
    rig.until("both", |rig| rig.value("leaf-2", "Ethernet0", "rx_bytes").is_some() && rig.heard(&["leaf-1: is heard"]));

    two.tell("silent");
    rig.until("silence is said", |rig| rig.heard(&["leaf-2: said nothing for 3 s", "asked again"]));
    one.tell(&LEAF_1.replace("uint 1000", "uint 1700"));
    rig.until("the other is read on", |rig| rig.value("leaf-1", "Ethernet1", "rx_bytes") == Some(1700));
    rig.events.clear();
    two.tell(&LEAF_2.replace("2000", "2100"));
    rig.until("it speaks again", |rig| rig.value("leaf-2", "Ethernet0", "rx_bytes") == Some(2100));
    assert!(rig.heard(&["leaf-2: is heard"]), "{:#?}", rig.events);

    drop(two);
    rig.until("death is said", |rig| rig.heard(&["leaf-2: ", "asked again"]));
    let again = Server::start(folder.path(), "leaf-2", "COUNTERS_DB", &LEAF_2.replace("2000", "2200")).unwrap();
    fs::write(&targets, first.clone() + &target("leaf-2", &again.address, SONIC)).unwrap();
    rig.until("it lives at another address", |rig| rig.value("leaf-2", "Ethernet0", "rx_bytes") == Some(2200));

    fs::write(&targets, "[[target]").unwrap();
    rig.until("a broken file is said", |rig| rig.heard(&["gnmi.toml", "the targets read before are still asked"]));
    assert!(rig.value("leaf-2", "Ethernet0", "rx_bytes").is_some());
    fs::write(&targets, first).unwrap();
    rig.until("a target that was taken out", |rig| rig.ports().iter().all(|(device, _)| device == "leaf-1"));
    assert!(rig.heard(&["leaf-2: is no longer in the targets file"]));
}
