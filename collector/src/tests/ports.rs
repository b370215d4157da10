//! What is a port, on trees of files as they are found.

use super::config;
use crate::explain::explain;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// An interface below `directory`, with these files besides its type.
fn interface(directory: &Path, hardware: u16, files: &[(&str, &str)]) {
    fs::create_dir_all(directory.join("statistics")).unwrap();
    fs::write(directory.join("type"), format!("{hardware}\n")).unwrap();
    fs::write(directory.join("statistics/rx_bytes"), "100\n").unwrap();
    for (file, text) in files {
        fs::create_dir_all(directory.join(file).parent().unwrap()).unwrap();
        fs::write(directory.join(file), text).unwrap();
    }
}

fn ports(root: &Path, include: &[&str]) -> BTreeSet<String> {
    let mut config = config(root);
    config.interfaces.include = include.iter().map(|name| (*name).to_owned()).collect();
    explain(&config).into_iter().filter(|l| l.source == "netdev" && !l.port.is_empty()).map(|l| l.port).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Name, link type, files besides.
type Made = (&'static str, u16, &'static [(&'static str, &'static str)]);

/// What is stacked, tunnelled or made by software on a node that has much of it.
const VIRTUAL: [Made; 14] = [
    ("bond4", 1, &[("uevent", "DEVTYPE=bond\nINTERFACE=bond4\n"), ("bonding/mode", "802.3ad 4\n")]),
    ("agg1", 1, &[("uevent", "INTERFACE=agg1\n")]),
    ("rail0.40", 1, &[("uevent", "DEVTYPE=vlan\n"), ("lower_rail0/ifindex", "3\n")]),
    ("mv3", 1, &[("uevent", "DEVTYPE=macvlan\n")]),
    ("cni0", 1, &[("bridge/stp_state", "0\n")]),
    ("vx42", 1, &[("uevent", "DEVTYPE=vxlan\n")]),
    ("lxc9f", 1, &[("ifindex", "31\n"), ("iflink", "2\n")]),
    ("cali77", 1, &[("ifindex", "32\n"), ("iflink", "4\n")]),
    ("sink0", 1, &[]),
    ("ifb3", 1, &[]),
    ("tap9", 1, &[("tun_flags", "0x1002\n")]),
    ("tun9", 65534, &[("tun_flags", "0x1001\n")]),
    ("ip6tnl1", 769, &[]),
    ("lo", 772, &[]),
];

#[test]
fn a_real_sysfs_shows_what_has_a_device() {
    let root = tempfile::tempdir().unwrap();
    let (class, devices) = (root.path().join("sys/class/net"), root.path().join("sys/devices"));
    fs::create_dir_all(&class).unwrap();
    for (at, (name, hardware)) in [("rail0", 1), ("rail1", 1), ("rail0v2", 1), ("ibp5", 32)].into_iter().enumerate() {
        let function = format!("pci0000:40/0000:4{at}:00.0");
        interface(&devices.join(&function).join("net").join(name), hardware, &[]);
        symlink(format!("../../../0000:4{at}:00.0"), devices.join(&function).join("net").join(name).join("device"))
            .unwrap();
        symlink(format!("../../devices/{function}/net/{name}"), class.join(name)).unwrap();
    }
    for (name, hardware, files) in VIRTUAL {
        interface(&devices.join("virtual/net").join(name), hardware, files);
        symlink(format!("../../devices/virtual/net/{name}"), class.join(name)).unwrap();
    }
    fs::write(class.join("bonding_masters"), "bond4\n").unwrap();
    let wired = ["rail0", "rail1", "rail0v2", "ibp5"];
    assert_eq!(ports(root.path(), &[]), set(&wired));
    let wanted = ports(root.path(), &["cali*", "bond4", "lo"]);
    assert_eq!(wanted, set(&[&wired[..], &["cali77", "bond4"]].concat()), "named ones are read whatever they are");
}

#[test]
fn a_copy_of_plain_directories_is_judged_by_the_links_to_devices_it_kept() {
    let root = tempfile::tempdir().unwrap();
    let class = root.path().join("sys/class/net");
    interface(&class.join("rail0"), 1, &[("ifindex", "3\n"), ("iflink", "3\n")]);
    symlink("../../../0000:40:00.0", class.join("rail0/device")).unwrap();
    for (name, hardware, files) in VIRTUAL {
        interface(&class.join(name), hardware, files);
    }
    assert_eq!(ports(root.path(), &[]), set(&["rail0"]));
}

#[test]
fn a_copy_that_lost_all_links_is_judged_by_what_else_it_says() {
    let root = tempfile::tempdir().unwrap();
    let class = root.path().join("sys/class/net");
    interface(&class.join("rail0"), 1, &[("ifindex", "3\n"), ("iflink", "3\n")]);
    interface(&class.join("rail7"), 1, &[]);
    interface(&class.join("ib1"), 32, &[("ifindex", "5\n"), ("iflink", "5\n")]);
    // These say of themselves that they have no wire; an aggregate or a dummy without any other file cannot be told.
    let told = |name: &&Made| !["agg1", "sink0", "ifb3"].contains(&name.0);
    for (name, hardware, files) in VIRTUAL.iter().filter(told) {
        interface(&class.join(name), *hardware, files);
    }
    assert_eq!(ports(root.path(), &[]), set(&["rail0", "rail7", "ib1"]));
}
