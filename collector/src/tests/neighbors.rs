//! LLDP over real cables: veth pairs between namespaces. Needs root and iproute2; lldpd where it is installed.

use super::config;
use crate::agent::Agent;
use crate::config::CollectorConfig;
use crate::sources::LldpConfig;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use weft_transport::{Incoming, Subscriber, Topic, in_process};
use weft_wire::{Inventory, Neighbor};

/// The test below as the first process of a namespace, which ends with it and takes all its interfaces along.
fn in_a_namespace(test: &str) {
    let child = Command::new("unshare")
        .args(["--net", "--mount", "--kill-child", "--fork", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .expect("unshare (util-linux) is needed");
    let told = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{told}");
    println!("{told}");
}

#[test]
fn two_collectors_hear_each_other() {
    in_a_namespace("tests::neighbors::facing");
}

#[test]
fn lldpd_is_heard_and_hears() {
    if !Path::new("/usr/sbin/lldpd").exists() {
        println!("skipped: no lldpd (deploy/setup.sh test installs it)");
        return;
    }
    in_a_namespace("tests::neighbors::beside_lldpd");
}

fn run(command: &str) -> String {
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A collector of its own name and ports, and what it told last.
struct Collector {
    agent: Agent,
    subscriber: Box<dyn Subscriber>,
    inventory: Option<Inventory>,
}

impl Collector {
    fn start(id: &str, ports: &str, transmit: bool) -> Collector {
        let mut config: CollectorConfig = config(Path::new("/"));
        config.id = id.into();
        config.step.socket = "".into();
        config.interfaces.include = vec![ports.into()];
        config.lldp = LldpConfig { transmit };
        let (publisher, subscriber) = in_process(1024);
        Collector { agent: Agent::start(&config, publisher).unwrap(), subscriber, inventory: None }
    }

    /// Until the inventory tells of as many neighbours: them, by the port that hears each.
    async fn neighbors(&mut self, count: usize) -> Vec<(String, Neighbor)> {
        let start = Instant::now();
        loop {
            let told = self.inventory.iter().flat_map(|inventory| {
                let port = |n: &Neighbor| inventory.ports.iter().find(|p| p.index == n.port).unwrap().port.clone();
                inventory.neighbors.iter().map(move |n| (port(n), n.clone()))
            });
            let told: Vec<(String, Neighbor)> = told.collect();
            if self.inventory.is_some() && told.len() == count {
                return told;
            }
            assert!(start.elapsed() < Duration::from_secs(40), "{count} neighbours are not told of: {told:?}");
            let next = tokio::time::timeout(Duration::from_secs(10), self.subscriber.next()).await;
            let Incoming::Delivery(delivery) = next.expect("a frame within 10 s").unwrap() else { continue };
            self.subscriber.commit(delivery.partition, delivery.offset + 1).await.unwrap();
            if delivery.topic == Topic::Inventory {
                self.inventory = Some(Inventory::decode(&delivery.payload).unwrap());
            }
        }
    }
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
#[ignore = "run by two_collectors_hear_each_other"]
fn facing() {
    run("ip link add a0 type veth peer name b0");
    run("ip link add a1 type veth peer name b1");
    ["a0", "a1", "b0", "b1"].iter().for_each(|port| drop(run(&format!("ip link set {port} up"))));
    block_on(async {
        let mut left = Collector::start("left", "a?", true);
        let mut right = Collector::start("right", "b?", false);
        let heard = right.neighbors(2).await;
        let said: Vec<_> =
            heard.iter().map(|(at, n)| (at.as_str(), n.system_name.as_str(), n.port_id.as_str(), n.ttl_s)).collect();
        assert_eq!(said, [("b0", "left", "a0", 120), ("b1", "left", "a1", 120)]);
        assert!(left.neighbors(0).await.is_empty(), "right only listens");
        assert_eq!(right.agent.telemetry.lldp_sent.get(), 0);
        // Whoever goes says so: the neighbour need not wait two minutes.
        left.agent.stop().await;
        assert!(right.neighbors(0).await.is_empty());
        assert_eq!(right.agent.telemetry.lldp_malformed.get(), 0);
        right.agent.stop().await;
    });
}

/// Ended with its namespace at the latest.
struct Lldpd(Child);

impl Drop for Lldpd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "run by lldpd_is_heard_and_hears"]
fn beside_lldpd() {
    // lldpd believes of a port what /sys says, which must be of this namespace.
    run("mount -t sysfs sysfs /sys");
    run("ip link add a0 type veth peer name b0");
    ["a0", "b0"].iter().for_each(|port| drop(run(&format!("ip link set {port} up"))));
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("lldpd.socket");
    let daemon = Command::new("/usr/sbin/lldpd")
        .args(["-d", "-I", "b0", "-S", "leaf of lldpd", "-u"])
        .arg(&socket)
        .args(["-O", "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _daemon = Lldpd(daemon);
    block_on(async {
        let mut own = Collector::start("node-7", "a0", true);
        let (port, heard) = own.neighbors(1).await.remove(0);
        println!("lldpd says: {heard:?}");
        assert_eq!((port.as_str(), heard.chassis_kind.as_str(), heard.port_description.as_str()), ("a0", "mac", "b0"));
        assert_eq!((heard.port_kind.as_str(), heard.system_description.as_str()), ("mac", "leaf of lldpd"));
        assert_eq!(heard.port_id, run("cat /sys/class/net/b0/address").trim());
        // A station, whose frames are worth four of its intervals of 30 s; it knows the MAU type of a veth, and no frame size.
        assert_eq!((heard.capabilities, heard.ttl_s, heard.max_frame_bytes), (Some(128), 120, None), "{heard:?}");
        assert!(heard.mau_type.is_some() && heard.autoneg_supported == Some(false), "{heard:?}");
        let start = Instant::now();
        loop {
            let said = run(&format!("lldpcli -u {} -f keyvalue show neighbors", socket.display()));
            if said.contains("chassis.name=node-7") {
                assert!(said.contains("port.ifname=a0") && said.contains("chassis.local=node-7"), "{said}");
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "lldpd does not hear us: {said}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        own.agent.stop().await;
    });
}
