//! PCI Express of ports, from a tree of files as the kernel lays it out.

use super::config;
use crate::explain::{Line, explain};
use std::fs;
use std::path::Path;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn device(root: &Path, folder: &str, files: &[(&str, &str)]) {
    files.iter().for_each(|(name, text)| write(root, &format!("{folder}/{name}"), text));
}

const AER: &str =
    "RxErr 1\nBadTLP 2\nBadDLLP 3\nRollover 4\nTimeout 5\nNonFatalErr 0\nCorrIntErr 0\nHeaderOF 0\nTOTAL_ERR_COR 15\n";

fn said(lines: &[Line], port: &str, raw: &str) -> (String, &'static str, Option<f64>) {
    let is_it = |l: &&Line| (l.source.as_str(), l.port.as_str(), l.raw_name.as_str()) == ("pcie", port, raw);
    let line = lines.iter().find(is_it).unwrap_or_else(|| panic!("{port} {raw}: {lines:?}"));
    (line.counter.clone(), line.status, line.value.as_ref().and_then(serde_json::Number::as_f64))
}

#[test]
fn ports_of_interfaces_and_of_rdma_devices_tell_their_link_to_the_host() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write(root, "sys/class/net/eth0/type", "1\n");
    let eth0 = [
        ("current_link_speed", "16.0 GT/s PCIe\n"),
        ("max_link_speed", "32.0 GT/s PCIe\n"),
        ("current_link_width", "8\n"),
        ("max_link_width", "16\n"),
        ("aer_dev_correctable", AER),
        ("aer_dev_nonfatal", "Undefined 0\nTOTAL_ERR_NONFATAL 6\n"),
        ("aer_dev_fatal", "Undefined 0\n"),
    ];
    device(root, "sys/class/net/eth0/device", &eth0);
    write(root, "sys/class/infiniband/mlx5_3/ports/1/link_layer", "InfiniBand\n");
    device(
        root,
        "sys/class/infiniband/mlx5_3/device",
        &[("current_link_speed", "Unknown\n"), ("current_link_width", "63\n")],
    );
    // On a bus that is not PCI Express.
    write(root, "sys/class/net/eth9/type", "1\n");
    write(root, "sys/class/net/eth9/device/modalias", "virtio:d00000001v00001AF4\n");

    let lines = explain(&config(root));
    for (raw, counter, value) in [
        ("current_link_speed", "pcie_speed_gtps", 16.0),
        ("max_link_speed", "pcie_max_speed_gtps", 32.0),
        ("current_link_width", "pcie_width", 8.0),
        ("max_link_width", "pcie_max_width", 16.0),
        ("aer_dev_correctable.RxErr", "pcie_receiver_errors", 1.0),
        ("aer_dev_correctable.BadTLP", "pcie_bad_tlps", 2.0),
        ("aer_dev_correctable.BadDLLP", "pcie_bad_dllps", 3.0),
        ("aer_dev_correctable.Rollover", "pcie_replays", 4.0),
        ("aer_dev_correctable.TOTAL_ERR_COR", "pcie_correctable_errors", 15.0),
        ("aer_dev_nonfatal.TOTAL_ERR_NONFATAL", "pcie_nonfatal_errors", 6.0),
    ] {
        assert_eq!(said(&lines, "eth0", raw), (counter.to_owned(), "ok", Some(value)), "{raw}");
    }
    let absent = [
        ("eth0", "aer_dev_fatal.TOTAL_ERR_FATAL"),
        ("mlx5_3/1", "current_link_speed"),
        ("mlx5_3/1", "current_link_width"),
        ("mlx5_3/1", "aer_dev_fatal.TOTAL_ERR_FATAL"),
    ];
    for (port, raw) in absent {
        let (_, status, value) = said(&lines, port, raw);
        assert_eq!((status, value), ("absent", None), "{port} {raw}");
    }
    assert!(!lines.iter().any(|l| l.source == "pcie" && l.port == "eth9"), "no PCI Express");
}
