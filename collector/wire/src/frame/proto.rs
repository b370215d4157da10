//! The protobuf messages. A field number is for ever: add, never reuse.

use prost::bytes::Bytes;
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Frame {
    #[prost(string, tag = "1")]
    pub collector: String,
    #[prost(fixed64, tag = "2")]
    pub boot: u64,
    #[prost(uint64, tag = "3")]
    pub sequence: u64,
    #[prost(sfixed64, tag = "4")]
    pub flush_ts_ns: i64,
    #[prost(sint64, optional, tag = "5")]
    pub clock_error_us: Option<i64>,
    #[prost(uint64, tag = "6")]
    pub inventory_version: u64,
    #[prost(uint64, tag = "7")]
    pub dropped_frames: u64,
    #[prost(message, optional, tag = "8")]
    pub inventory: Option<Inventory>,
    #[prost(message, repeated, tag = "9")]
    pub sections: Vec<Section>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Section {
    #[prost(uint32, tag = "1")]
    pub table: u32,
    #[prost(fixed64, tag = "2")]
    pub fingerprint: u64,
    /// The Arrow IPC message (flatbuffer) …
    #[prost(bytes = "vec", tag = "3")]
    pub message: Vec<u8>,
    /// … and the buffers it describes.
    #[prost(bytes = "bytes", tag = "4")]
    pub body: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Inventory {
    #[prost(string, tag = "1")]
    pub collector: String,
    #[prost(fixed64, tag = "2")]
    pub boot: u64,
    #[prost(uint64, tag = "3")]
    pub version: u64,
    #[prost(message, repeated, tag = "4")]
    pub devices: Vec<Device>,
    #[prost(message, repeated, tag = "5")]
    pub ports: Vec<Port>,
    #[prost(message, repeated, tag = "6")]
    pub profiles: Vec<Profile>,
    #[prost(message, repeated, tag = "7")]
    pub schemas: Vec<Schema>,
    #[prost(uint32, tag = "8")]
    pub flush_period_ms: u32,
    #[prost(message, repeated, tag = "9")]
    pub neighbors: Vec<Neighbor>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Device {
    #[prost(string, tag = "1")]
    pub device: String,
    /// 0 node, 1 switch.
    #[prost(uint32, tag = "2")]
    pub kind: u32,
    #[prost(string, tag = "3")]
    pub boot_id: String,
    #[prost(btree_map = "string, string", tag = "4")]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Port {
    #[prost(int32, tag = "1")]
    pub index: i32,
    #[prost(uint32, tag = "2")]
    pub table: u32,
    #[prost(string, tag = "3")]
    pub device: String,
    #[prost(string, tag = "4")]
    pub port: String,
    #[prost(string, tag = "5")]
    pub driver: String,
    #[prost(int64, optional, tag = "6")]
    pub speed_bps: Option<i64>,
    #[prost(int32, tag = "7")]
    pub epoch: i32,
    #[prost(message, optional, tag = "8")]
    pub part: Option<Part>,
    #[prost(string, tag = "9")]
    pub position: String,
    #[prost(uint32, tag = "10")]
    pub profile: u32,
    #[prost(btree_map = "string, string", tag = "11")]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Part {
    #[prost(string, tag = "1")]
    pub vendor: String,
    #[prost(string, tag = "2")]
    pub model: String,
    #[prost(string, tag = "3")]
    pub serial: String,
    #[prost(string, tag = "4")]
    pub firmware: String,
    #[prost(string, tag = "5")]
    pub lot: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    #[prost(message, repeated, tag = "1")]
    pub counters: Vec<CounterSource>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CounterSource {
    #[prost(string, tag = "1")]
    pub counter: String,
    #[prost(string, tag = "2")]
    pub source: String,
    #[prost(string, tag = "3")]
    pub raw_name: String,
    #[prost(uint32, tag = "4")]
    pub bits: u32,
    #[prost(bool, tag = "5")]
    pub saturates: bool,
    #[prost(uint32, tag = "6")]
    pub period_ms: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Schema {
    #[prost(uint32, tag = "1")]
    pub table: u32,
    #[prost(string, repeated, tag = "2")]
    pub counters: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Neighbor {
    #[prost(int32, tag = "1")]
    pub port: i32,
    #[prost(string, tag = "2")]
    pub chassis_kind: String,
    #[prost(string, tag = "3")]
    pub chassis_id: String,
    #[prost(string, tag = "4")]
    pub port_kind: String,
    #[prost(string, tag = "5")]
    pub port_id: String,
    #[prost(string, tag = "6")]
    pub system_name: String,
    #[prost(string, tag = "7")]
    pub system_description: String,
    #[prost(string, tag = "8")]
    pub port_description: String,
    #[prost(uint32, tag = "9")]
    pub ttl_s: u32,
    #[prost(uint32, optional, tag = "10")]
    pub vlan: Option<u32>,
    #[prost(uint32, optional, tag = "11")]
    pub max_frame_bytes: Option<u32>,
    #[prost(bool, optional, tag = "12")]
    pub autoneg_supported: Option<bool>,
    #[prost(bool, optional, tag = "13")]
    pub autoneg_enabled: Option<bool>,
    #[prost(uint32, optional, tag = "14")]
    pub mau_type: Option<u32>,
    #[prost(uint32, optional, tag = "15")]
    pub aggregate: Option<u32>,
    #[prost(string, tag = "16")]
    pub management_address: String,
    #[prost(int64, tag = "17")]
    pub since_ns: i64,
    #[prost(uint32, optional, tag = "18")]
    pub capabilities: Option<u32>,
}
