//! Who is heard at the other end of a port's cable, in the neighbour's own words (LLDP, IEEE 802.1AB).

/// One neighbour of one port. Ids are kept as they were said: whether `chassis_id` is a device that weft knows is for the
/// analyzer to find out, for a collector knows no device but its own.
///
/// ```text
/// port 3 hears: chassis mac 50:6b:4b:00:00:01, port interface_name Ethernet8, system leaf-1, TTL 120 s, VLAN 100
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbor {
    /// The port that heard it: [`crate::PortDescriptor::index`] of the same inventory.
    pub port: i32,
    /// What `chassis_id` is: `mac`, `network_address`, `interface_name`, `interface_alias`, `component`, `port_component`,
    /// `local`, or `subtype <n>` for a number that the standard does not assign.
    pub chassis_kind: String,
    /// MAC addresses as `50:6b:4b:00:00:01`, network addresses as usual, texts as they came, other bytes as hex.
    pub chassis_id: String,
    /// What `port_id` is, in the words of `chassis_kind`, and `circuit` for an agent's circuit id.
    pub port_kind: String,
    pub port_id: String,
    /// Empty where the neighbour says none, like the three texts below.
    pub system_name: String,
    pub system_description: String,
    pub port_description: String,
    /// Seconds for which a frame stands when no other follows.
    pub ttl_s: u16,
    /// Port VLAN id (802.1); `None`: not said, or said to be none.
    pub vlan: Option<u16>,
    /// Longest frame that the neighbour takes, bytes (802.3), counted as it counts: lldpd says 1514 for an MTU of 1500.
    pub max_frame_bytes: Option<u16>,
    /// Auto-negotiation supported and enabled there (802.3).
    pub autoneg_supported: Option<bool>,
    pub autoneg_enabled: Option<bool>,
    /// Operational MAU type of the neighbour's port, RFC 4836: 30 is 1000BASE-T full duplex.
    pub mau_type: Option<u16>,
    /// The neighbour's port belongs to the aggregated port of this number (802.3 or 802.1AX); `None`: to none.
    pub aggregate: Option<u32>,
    /// First of the addresses by which the neighbour is managed; empty when it says none.
    pub management_address: String,
    /// What the neighbour works as, bits of 802.1AB table 8-4: 4 a bridge, 16 a router, 128 an end station.
    pub capabilities: Option<u16>,
    /// When this neighbour was first heard at this port, Unix ns.
    pub since_ns: i64,
}
