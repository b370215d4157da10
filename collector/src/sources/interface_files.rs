//! What files of `/sys/class/net` tell of an interface. Trees differ in what they keep: a real `/sys`, or one mounted
//! elsewhere, has all its links; a copy may hold plain directories, and some copies have lost the links to devices.

use crate::interface::Interface;
use crate::sysfs;
use std::fs;
use std::path::Path;

/// What is read of an interface to know whether it is a port.
pub(super) struct InterfaceFiles {
    pub name: String,
    hardware: Option<u16>,
    kind: String,
    has_device: bool,
    /// Known to be made by software, whatever else is missing here.
    is_virtual: bool,
}

impl InterfaceFiles {
    /// `None` for what is no interface (`bonding_masters`).
    pub fn read(class: &Path, name: String) -> Option<InterfaceFiles> {
        let directory = class.join(&name);
        if !directory.is_dir() {
            return None;
        }
        let hardware = sysfs::text(&directory.join("type")).ok().and_then(|text| text.parse().ok());
        // A link that leads nowhere is one too: copies keep it, and leave out what it leads to.
        let has_device = fs::symlink_metadata(directory.join("device")).is_ok();
        let kind = kind(&directory);
        let is_virtual = !has_device && is_virtual(&directory, hardware);
        Some(InterfaceFiles { name, hardware, kind, has_device, is_virtual })
    }

    /// `devices_are_told`: some interface of the same tree has a link to its device, so that one without has no device.
    pub fn interface(&self, devices_are_told: bool) -> Interface<'_> {
        let has_device = match (self.has_device, self.is_virtual || devices_are_told) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        Interface { name: &self.name, hardware: self.hardware, kind: &self.kind, has_device }
    }

    pub fn has_device(&self) -> bool {
        self.has_device
    }
}

/// Kind of an interface that has one (`DEVTYPE` of its uevent): `bond`, `vlan`, `wlan`, …; empty for most.
pub(super) fn kind(directory: &Path) -> String {
    let uevent = sysfs::text_or_empty(&directory.join("uevent"));
    uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).unwrap_or_default().to_owned()
}

fn is_virtual(directory: &Path, hardware: Option<u16>) -> bool {
    const INFINIBAND: Option<u16> = Some(32);
    let leads_to =
        |path: Option<std::path::PathBuf>| path.is_some_and(|p| p.display().to_string().contains("/virtual/net/"));
    let number = |file: &str| sysfs::text(&directory.join(file)).ok().and_then(|text| text.parse::<u32>().ok());
    // A veth's peer, a VLAN's and a macvlan's lower interface, 0 of a tunnel; an IPoIB child shares its parent's wire.
    let is_tied =
        hardware != INFINIBAND && number("iflink").zip(number("ifindex")).is_some_and(|(link, own)| link != own);
    // `lower_eth0` stands in what is stacked on eth0.
    let is_stacked = || sysfs::names(directory).is_ok_and(|names| names.iter().any(|name| name.starts_with("lower_")));
    let has = |file: &str| directory.join(file).exists();
    leads_to(fs::read_link(directory).ok())
        || leads_to(fs::canonicalize(directory).ok())
        || is_tied
        || has("tun_flags")
        || has("bonding")
        || has("bridge")
        || is_stacked()
}
