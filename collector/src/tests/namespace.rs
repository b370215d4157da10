//! Netlink sources in a network namespace of their own. Needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN) and iproute2.

use super::config;
use crate::agent::Agent;
use crate::sysfs;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use weft_transport::{Incoming, Subscriber, Topic, in_process};
use weft_wire::{EventRow, Frame, Inventory, PortChange, SchemaCache, Section, Table};

/// Runs the test below as the only process of a namespace, so that no other's interfaces are touched.
#[test]
fn netlink_sources_in_a_namespace() {
    let child = Command::new("unshare")
        .args(["--net", "--kill-child", "--fork", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "tests::namespace::inside", "--ignored", "--nocapture"])
        .output()
        .expect("unshare (util-linux) is needed");
    let told = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(
        !told.contains("Operation not permitted"),
        "run the tests as root: a namespace of its own is needed\n{told}"
    );
    assert!(child.status.success(), "{told}");
}

fn run(command: &str) {
    let mut words = command.split(' ');
    let status = Command::new(words.next().unwrap()).args(words).status().unwrap();
    assert!(status.success(), "{command}");
}

/// What the far side hears.
struct Ear {
    subscriber: Box<dyn Subscriber>,
    schemas: SchemaCache,
    inventory: Option<Inventory>,
    next: i64,
    /// Events that nobody has asked for yet.
    heard: Vec<EventRow>,
}

impl Ear {
    async fn frame(&mut self) -> Frame {
        loop {
            let incoming = tokio::time::timeout(Duration::from_secs(10), self.subscriber.next()).await;
            let Incoming::Delivery(delivery) = incoming.expect("a frame within 10 s").unwrap() else { continue };
            self.subscriber.commit(delivery.partition, delivery.offset + 1).await.unwrap();
            if delivery.topic != Topic::Frames {
                continue;
            }
            let frame = Frame::decode(&delivery.payload, &mut self.schemas).unwrap();
            assert_eq!(i64::try_from(frame.sequence), Ok(self.next), "no gap");
            self.next += 1;
            self.inventory = frame.inventory.clone().or(self.inventory.take());
            return frame;
        }
    }

    /// Rows a port has in the sections of table `nic` that carry, or do not carry, `rx_errors`.
    fn rows(&self, frame: &Frame, full: bool) -> HashMap<String, usize> {
        let ports = &self.inventory.as_ref().expect("told first").ports;
        let name = |index: i32| ports.iter().find(|p| p.index == index).map(|p| p.port.clone());
        let mut rows = HashMap::new();
        let is_wanted = |s: &&Section| s.schema.table == Table::Nic && s.schema.column("rx_errors").is_some() == full;
        for section in frame.sections.iter().filter(is_wanted) {
            let port = section.batch.column(0);
            let port = arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Int32Type>(port.as_ref());
            for name in port.values().iter().filter_map(|index| name(*index)) {
                *rows.entry(name).or_default() += 1;
            }
        }
        rows
    }

    /// The next event of a port.
    async fn event(&mut self, port: i32) -> EventRow {
        loop {
            if let Some(at) = self.heard.iter().position(|event| event.port == Some(port)) {
                return self.heard.remove(at);
            }
            self.frame_kept().await;
        }
    }

    /// What the next event says was done to a port; `None` when it is about its carrier.
    async fn change(&mut self, port: i32) -> Option<PortChange> {
        let event = self.event(port).await;
        PortChange::read(&event.event, &event.text)
    }

    /// Hears what else is told of the port until this is.
    async fn until(&mut self, port: i32, change: PortChange) {
        while self.change(port).await != Some(change) {}
    }

    async fn index_of(&mut self, name: &str) -> i32 {
        loop {
            let ports = &self.inventory.as_ref().expect("told first").ports;
            if let Some(port) = ports.iter().find(|p| p.port == name) {
                return port.index;
            }
            self.frame_kept().await;
        }
    }

    /// Hears a frame whose events are asked for later.
    async fn frame_kept(&mut self) {
        let frame = self.frame().await;
        let events = frame.sections.iter().filter(|s| s.schema.table == Table::Event);
        self.heard.extend(events.flat_map(|s| EventRow::read(&s.batch)));
    }
}

/// Waits until a child that unshares its network has done so.
fn wait_for_namespace_of(pid: u32) {
    let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let start = Instant::now();
    while namespace(&pid.to_string()) == namespace("self") {
        assert!(start.elapsed() < Duration::from_secs(10), "unshare --net");
        std::thread::yield_now();
    }
}

#[test]
#[ignore = "run by netlink_sources_in_a_namespace"]
fn inside() {
    assert_eq!(sysfs::text(Path::new("/proc/self/net/dev")).unwrap().lines().filter(|l| !l.contains("lo:")).count(), 2);
    run("ip link add w0 type veth peer name w1");
    run("ip link set w0 up");
    run("ip link set w1 up");
    run("tc qdisc add dev w0 root tbf rate 1mbit burst 1600 limit 100000");
    statistics_of_a_veth();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(watch());
}

/// A veth names its far end among its driver's statistics: what the kernel says by ioctl, and in sysfs, is the same number.
fn statistics_of_a_veth() {
    let mut config = config(Path::new("/"));
    config.interfaces.include = vec!["w?".into()];
    let lines = crate::explain::explain(&config);
    let said = |port: &str| {
        let is_it = |l: &&crate::explain::Line| (l.port.as_str(), l.raw_name.as_str()) == (port, "peer_ifindex");
        let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("{lines:?}"));
        assert_eq!((line.source.as_str(), line.status), ("ethtool", "unmapped"), "{}", line.reason);
        line.value.as_ref().and_then(serde_json::Number::as_u64)
    };
    let index = |port: &str| {
        let told = Command::new("ip").args(["-o", "link", "show", port]).output().unwrap().stdout;
        String::from_utf8(told).unwrap().split(':').next().unwrap().parse().ok()
    };
    assert_eq!((said("w0"), said("w1")), (index("w1"), index("w0")));
}

async fn watch() {
    let mut config = config(Path::new("/"));
    config.step.socket = "".into();
    config.interfaces.include = vec!["w?".into()];
    let (publisher, subscriber) = in_process(1024);
    let agent = Agent::start(&config, publisher).unwrap();
    let mut ear = Ear { subscriber, schemas: SchemaCache::default(), inventory: None, next: 0, heard: Vec::new() };
    // The first seconds may come in several frames: discovery changes the layout.
    let mut frames = 0;
    loop {
        let frame = ear.frame().await;
        let (fast, full) = (ear.rows(&frame, false), ear.rows(&frame, true));
        let once = |port: &str| full.get(port) == Some(&1);
        if once("w0") && once("w1") && fast.get("w0").is_some_and(|rows| (5..=9).contains(rows)) {
            break;
        }
        frames += 1;
        assert!(frames < 20, "a row a port a second, and some between: {fast:?} {full:?}");
    }
    let ports = ear.inventory.as_ref().unwrap().ports.clone();
    let w0 = ports.iter().find(|p| p.port == "w0").unwrap().clone();
    assert_eq!((w0.driver.as_str(), w0.labels["qdisc"].as_str()), ("veth", "tbf"));
    assert_eq!((w0.labels["rate_limit_bps"].as_str(), w0.speed_bps), ("1000000", None), "a veth has no speed");
    assert!(!ports.iter().any(|p| p.port == "lo"));

    let start = Instant::now();
    run("ip link set w1 down");
    let event = ear.event(w0.index).await;
    assert_eq!(event.event, "link_down", "its far end was set down, which this end cannot know");
    assert!(start.elapsed() < Duration::from_millis(900), "sent at once, not with the next flush");
    run("ip link set w1 up");
    assert_eq!(ear.event(w0.index).await.event, "link_up");

    let w1 = ports.iter().find(|p| p.port == "w1").unwrap().index;
    run("ip link set w0 down");
    assert_eq!(ear.change(w0.index).await, Some(PortChange::AdminDown));
    ear.until(w1, PortChange::AdminUp).await;
    run("ip link set w0 up");
    assert_eq!(ear.change(w0.index).await, Some(PortChange::AdminUp));

    run("ip link set w1 down");
    ear.until(w1, PortChange::AdminDown).await;
    run("ip link set w1 name w9");
    assert_eq!(ear.change(w1).await, Some(PortChange::Renamed));
    let w9 = ear.index_of("w9").await;
    let mut elsewhere = Command::new("unshare").args(["--net", "--", "sleep", "60"]).spawn().unwrap();
    wait_for_namespace_of(elsewhere.id());
    run(&format!("ip link set w9 netns {}", elsewhere.id()));
    assert_eq!(ear.change(w9).await, Some(PortChange::Moved));
    // The namespace ends, and takes both ends of the pair with it.
    elsewhere.kill().unwrap();
    elsewhere.wait().unwrap();
    ear.until(w0.index, PortChange::Removed).await;

    run("ip link add w0 type veth peer name w1");
    let renewed = loop {
        ear.frame().await;
        let ports = &ear.inventory.as_ref().unwrap().ports;
        if let Some(port) = ports.iter().find(|p| p.port == "w0" && p.index != w0.index) {
            break port.clone();
        }
    };
    assert!(renewed.epoch > w0.epoch, "another device under the same name");
    agent.stop().await;
}
