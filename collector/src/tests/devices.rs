//! docs/devices.md: which family of counters is read by which source, and on what that was tested. Made from the catalogue and
//! the list below, which must speak of every driver that the catalogue names.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use weft_wire::{Table, catalogue};

const HEAD: &str = "\
# Devices

Made from `collector/wire/catalogue.toml` and the list in `collector/src/tests/devices.rs` by
`UPDATE=1 cargo test --workspace --lib devices`: edit those, not this.

What the catalogue knows of each device, what of it a collector reads today, and on what that was tested. *Kernel* means that a test
reads it from the running kernel, *recorded* from replies captured on a device (`../shared/fixtures`), *double* from a program that answers
as the device does, *written* from files that a test writes in the device's format, *not tested* that the way in is, and these names are not. *Names alone*: the catalogue knows what the counters are
called, so that files and streams from elsewhere can be mapped, and no source reads them yet. On a machine of your own,
`weft collector --once --explain` says of every counter what became of it.

| device | family of counters | catalogue's driver | read by | how | tested on | counters |
|---|---|---|---|---|---|---|
";

/// (catalogue's driver, device, family, source that reads it, how, tested on).
const DRIVERS: [(&str, &str, &str, &str, &str, &str); 34] = [
    (
        "netdev",
        "any NIC, Linux switch port",
        "interface",
        "netdev",
        "rtnetlink; files of sysfs under `--root`",
        "kernel, recorded",
    ),
    ("qdisc", "any NIC, Linux switch port", "queue to be sent", "qdisc", "rtnetlink", "kernel"),
    ("host", "any node", "CPU, pressure, retransmissions, clock", "host", "files of /proc", "kernel, recorded"),
    (
        "infiniband",
        "InfiniBand, Omni-Path port",
        "port counters (PMA)",
        "infiniband",
        "sysfs, files kept open",
        "recorded",
    ),
    ("roce", "RoCE port", "RDMA traffic", "infiniband", "sysfs, files kept open", "written"),
    ("mlx5.hw", "NVIDIA ConnectX, BlueField", "RDMA", "infiniband", "sysfs `hw_counters`", "recorded"),
    ("bnxt_re.hw", "Broadcom Thor", "RDMA", "infiniband", "sysfs `hw_counters`", "not tested"),
    ("irdma.hw", "Intel E800", "RDMA", "infiniband", "sysfs `hw_counters`", "written"),
    ("efa.hw", "AWS EFA", "RDMA", "infiniband", "sysfs `hw_counters`", "written"),
    ("ionic.hw", "AMD Pollara", "RDMA", "infiniband", "sysfs `hw_counters`", "not tested"),
    (
        "mlx5.ethtool",
        "NVIDIA ConnectX, BlueField",
        "wire, pause, FEC, lanes, PCIe stalls",
        "ethtool",
        "SIOCETHTOOL",
        "written",
    ),
    ("ionic.ethtool", "AMD Pollara", "wire, pause", "ethtool", "SIOCETHTOOL", "recorded"),
    (
        "bnxt_en.ethtool",
        "Broadcom Thor",
        "wire, pause, FEC",
        "ethtool",
        "SIOCETHTOOL",
        "not tested, names from the kernel's source",
    ),
    (
        "ice.ethtool",
        "Intel E800",
        "wire, pause",
        "ethtool",
        "SIOCETHTOOL",
        "not tested, names from the kernel's source",
    ),
    (
        "hns3.ethtool",
        "HiSilicon",
        "wire, pause",
        "ethtool",
        "SIOCETHTOOL",
        "not tested, names from the kernel's source",
    ),
    (
        "nvml",
        "NVIDIA GPU, NVLink",
        "clocks, power, heat, memory errors, PCIe, Xid, links",
        "gpu",
        "NVML by dlopen",
        "double",
    ),
    ("pci", "any PCI Express NIC or GPU", "speed, width, AER", "pcie", "sysfs, files kept open", "written"),
    ("dcgm", "NVIDIA GPU", "clocks, power, heat, memory errors, Xid", "dcgm", "page of dcgm-exporter", "double"),
    ("kernel", "NVIDIA GPU", "Xid in the kernel's log", "kmsg", "/dev/kmsg", "written"),
    ("ethtool.std", "any NIC", "IEEE groups, pause, FEC", "", "", ""),
    ("module", "any optic", "power, bias, temperature, SNR", "", "", ""),
    ("ionic.rdma", "AMD Pollara", "RDMA by `rdma statistic`", "", "", ""),
    ("ionic.nicctl", "AMD Pollara", "wire by `nicctl`", "", "", ""),
    ("amdsmi", "AMD GPU, xGMI", "clocks, power, memory errors, PCIe, links", "", "", ""),
    ("hccn", "Huawei Ascend", "RDMA and optics by `hccn_tool`", "", "", ""),
    ("hccs", "Huawei Ascend", "GPU links", "", "", ""),
    ("mlulink", "Cambricon", "GPU links", "", "", ""),
    ("perfquery", "InfiniBand switch, HCA", "64-bit port counters (MAD)", "", "", ""),
    ("ibnetdiscover", "InfiniBand switch", "links", "", "", ""),
    ("sonic", "SONiC switch", "SAI counters of ports, queues, watchdogs", "gnmi", "gNMI Subscribe", "recorded, double"),
    ("openconfig", "gNMI switch", "ports, queues, optics", "gnmi", "gNMI Subscribe", "double"),
    ("sflow", "sFlow switch", "counter samples", "", "", ""),
    ("snmp", "SNMP switch", "ports, pause", "", "", ""),
    ("probe", "weft's own probes", "loss, round-trip time", "", "", ""),
];

fn page() -> String {
    let mut counted: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for table in Table::ALL.into_iter().filter(|table| table.is_wide()) {
        for source in catalogue().of_table(table).flat_map(|counter| &counter.sources) {
            *counted.entry(&source.driver).or_default().entry(table.name()).or_default() += 1;
        }
    }
    let unlisted: Vec<_> = counted.keys().filter(|driver| !DRIVERS.iter().any(|row| row.0 == **driver)).collect();
    assert!(unlisted.is_empty(), "list these in DRIVERS: {unlisted:?}");
    let mut page = HEAD.to_owned();
    for (driver, device, family, source, how, tested) in DRIVERS {
        let tables = counted.get(driver).unwrap_or_else(|| panic!("the catalogue has no {driver}"));
        let tables: Vec<String> = tables.iter().map(|(table, count)| format!("{count} of `{table}`")).collect();
        assert!(source.is_empty() || crate::sources::names().any(|name| name == source), "no source {source}");
        let (source, how, tested) = match source {
            "" => ("–".to_owned(), "–", "names alone"),
            source => (format!("`{source}`"), how, tested),
        };
        let counters = tables.join(", ");
        let _ = writeln!(page, "| {device} | {family} | `{driver}` | {source} | {how} | {tested} | {counters} |");
    }
    page
}

#[test]
fn docs_devices_md_tells_what_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/devices.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/devices.md is stale: UPDATE=1 cargo test --workspace --lib devices");
}
