//! What is a port: an interface with a wire of its own.
//!
//! Whatever is stacked on another interface (bond, team, VLAN, macvlan, bridge) counts the same bytes again, and what is
//! made by software alone (veth, tun, dummy, tunnels) has no wire that could break: a container's interface that goes
//! with its container is no fault of the fabric. No list of kinds is whole, as some have none: what decides is whether a
//! device stands behind the interface, which SR-IOV functions, virtio and USB NICs have too.

/// Ethernet, and InfiniBand, of `linux/if_arp.h`. Tunnels, PPP, CAN and loopback have numbers of their own.
const WIRED: [u16; 2] = [1, 32];
pub const LOOPBACK: u16 = 772;
/// Kinds that real ports have: none at all, IP over InfiniBand, and a switch chip's ports behind a CPU port.
const WIRED_KINDS: [&str; 3] = ["", "ipoib", "dsa"];

/// What is known of an interface, from rtnetlink or from files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface<'a> {
    pub name: &'a str,
    /// Link type, an ARPHRD number of `linux/if_arp.h`; `None` where nothing says it.
    pub hardware: Option<u16>,
    /// IFLA_INFO_KIND of rtnetlink (`veth`, `bridge`, …) or DEVTYPE of sysfs; empty for most physical devices.
    pub kind: &'a str,
    /// A device stands behind it; `None` where that cannot be told, as in a tree copied without links.
    pub has_device: Option<bool>,
}

impl Interface<'_> {
    /// Why it is no port of the fabric; `None` for one that is.
    pub fn why_no_port(&self) -> Option<String> {
        if let Some(hardware) = self.hardware.filter(|hardware| !WIRED.contains(hardware)) {
            return Some(format!("its link type is {hardware}: neither Ethernet nor InfiniBand"));
        }
        if !WIRED_KINDS.contains(&self.kind) {
            return Some(format!("a {} has no wire of its own", self.kind));
        }
        (self.has_device == Some(false)).then(|| "no device stands behind it".to_owned())
    }

    pub fn is_loopback(&self) -> bool {
        self.hardware == Some(LOOPBACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_what_is_none() {
        let (yes, no, unknown) = (Some(true), Some(false), None);
        for (name, hardware, kind, has_device, is_port) in [
            ("ens3", 1, "", yes, true),
            ("virtio", 1, "", yes, true),
            ("ens3v0", 1, "", yes, true),
            ("usb1", 1, "", yes, true),
            ("ibs1", 32, "ipoib", yes, true),
            ("lan3", 1, "dsa", yes, true),
            ("copied", 1, "", unknown, true),
            ("vethab", 1, "veth", no, false),
            ("vethcd", 1, "veth", unknown, false),
            ("team3", 1, "team", no, false),
            ("team4", 1, "", no, false),
            ("dum", 1, "dummy", no, false),
            ("ifb7", 1, "ifb", no, false),
            ("tap5", 1, "tun", no, false),
            ("tun5", 65534, "tun", unknown, false),
            ("ipip2", 768, "ipip", no, false),
            ("six", 776, "sit", no, false),
            ("gre9", 778, "gre", unknown, false),
            ("ppp0", 512, "", unknown, false),
            ("wlp2", 1, "wlan", yes, false),
            ("wg1", 65534, "wireguard", no, false),
            ("red", 1, "vrf", no, false),
            ("lo", 772, "", no, false),
        ] {
            let interface = Interface { name, hardware: Some(hardware), kind, has_device };
            assert_eq!(interface.why_no_port().is_none(), is_port, "{name}: {:?}", interface.why_no_port());
        }
        for kind in
            ["bond", "bridge", "vlan", "vxlan", "macvlan", "ipvlan", "macvtap", "geneve", "netkit", "hsr", "macsec"]
        {
            assert!(Interface { name: "x", kind, ..Interface::default() }.why_no_port().is_some(), "{kind}");
        }
    }
}
