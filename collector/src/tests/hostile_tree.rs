//! Trees that hold what no `/sys` holds, or names that few have: nothing waits, nothing overwrites another.

use super::config;
use crate::explain::{Line, explain, write_table};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// An InfiniBand device, an interface, and a host, all well.
fn node(root: &Path) {
    let port = "sys/class/infiniband/mlx5_3/ports/1";
    for (file, text) in [("link_layer", "InfiniBand\n"), ("state", "4: ACTIVE\n"), ("rate", "400 Gb/sec (4X NDR)\n")] {
        write(root, &format!("{port}/{file}"), text);
    }
    write(root, &format!("{port}/counters/link_downed"), "3\n");
    write(root, &format!("{port}/counters/port_rcv_data"), "11\n");
    write(root, "sys/class/infiniband/mlx5_3/fw_ver", "28.40.1000\n");
    for (file, text) in [("type", "1\n"), ("carrier", "1\n"), ("speed", "100000\n"), ("statistics/rx_bytes", "5\n")] {
        write(root, &format!("sys/class/net/ens7/{file}"), text);
    }
    write(root, "proc/stat", "cpu 1 2 3 4 5 6 7 8 9 10\n");
    write(root, "proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
    write(root, "proc/net/softnet_stat", "00000001 0000000a 00000000\n");
}

/// Every file of [`node`] that is read.
const FILES: [&str; 10] = [
    "sys/class/infiniband/mlx5_3/ports/1/link_layer",
    "sys/class/infiniband/mlx5_3/ports/1/rate",
    "sys/class/infiniband/mlx5_3/ports/1/counters/link_downed",
    "sys/class/infiniband/mlx5_3/fw_ver",
    "sys/class/net/ens7/type",
    "sys/class/net/ens7/speed",
    "sys/class/net/ens7/statistics/rx_bytes",
    "proc/stat",
    "proc/pressure/cpu",
    "proc/net/softnet_stat",
];

/// [`explain`] in a thread of its own: a reader that waits for ever fails the test instead of holding it up.
fn explained(root: &Path) -> Vec<Line> {
    let (tell, told) = mpsc::channel();
    let config = config(root);
    std::thread::spawn(move || tell.send(explain(&config)));
    told.recv_timeout(Duration::from_secs(60)).expect("the reader waits")
}

fn status(lines: &[Line], port: &str, raw: &str) -> (String, Option<i64>) {
    let found: Vec<_> = lines.iter().filter(|l| l.port == port && l.raw_name == raw).collect();
    let [line] = found[..] else { panic!("{port} {raw}: {found:?}") };
    (line.status.to_owned(), line.value.as_ref().and_then(serde_json::Number::as_i64))
}

fn check_each_file_replaced_by(replace: impl Fn(&Path)) {
    for spoilt in FILES {
        let tree = tempfile::tempdir().unwrap();
        node(tree.path());
        let path = tree.path().join(spoilt);
        fs::remove_file(&path).unwrap();
        replace(&path);
        let lines = explained(tree.path());
        let well = [("mlx5_3/1", "port_rcv_data", 44), ("ens7", "carrier", 1)];
        for (port, raw, value) in well.into_iter().filter(|_| !spoilt.ends_with("link_layer")) {
            assert_eq!(status(&lines, port, raw), ("ok".to_owned(), Some(value)), "{raw} beside {spoilt}");
        }
    }
}

#[test]
fn a_pipe_in_place_of_any_file_holds_nothing_up() {
    check_each_file_replaced_by(|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
}

#[test]
fn a_device_without_end_in_place_of_any_file_holds_nothing_up() {
    check_each_file_replaced_by(|path| symlink("/dev/zero", path).unwrap());
}

#[test]
fn a_folder_in_place_of_any_file_blinds_that_file_alone() {
    check_each_file_replaced_by(|path| fs::create_dir(path).unwrap());
}

#[test]
fn what_the_kernel_lacks_is_absent_and_what_cannot_be_read_has_failed() {
    let tree = tempfile::tempdir().unwrap();
    node(tree.path());
    fs::remove_file(tree.path().join("proc/pressure/cpu")).unwrap();
    // The memory of a process at 0: every read of it is a real EIO.
    symlink("/proc/self/mem", tree.path().join("proc/pressure/memory")).unwrap();
    let lines = explained(tree.path());
    assert_eq!(status(&lines, "", "pressure/cpu.some").0, "absent");
    assert_eq!(status(&lines, "", "pressure/memory.some").0, "failed");
    assert_eq!(status(&lines, "", "softnet.dropped"), ("ok".to_owned(), Some(10)));
}

/// `rxe0` (Soft RoCE) stands on the interface of the card `mlx5_8`: the card keeps the interface's name.
#[test]
fn two_rdma_devices_on_one_interface_are_two_ports() {
    for (real, soft) in [("mlx5_8", "rxe0"), ("bnxt_re2", "siw_ens9")] {
        let tree = tempfile::tempdir().unwrap();
        for (device, counted) in [(real, "40\n"), (soft, "2\n")] {
            let port = format!("sys/class/infiniband/{device}/ports/1");
            write(tree.path(), &format!("{port}/link_layer"), "Ethernet\n");
            write(tree.path(), &format!("{port}/gid_attrs/ndevs/0"), "ens9\n");
            write(tree.path(), &format!("{port}/counters/port_xmit_data"), counted);
        }
        let lines = explained(tree.path());
        assert_eq!(status(&lines, "ens9", "port_xmit_data"), ("ok".to_owned(), Some(160)), "{real}");
        assert_eq!(status(&lines, &format!("{soft}/1"), "port_xmit_data"), ("ok".to_owned(), Some(8)), "{soft}");
    }
}

#[test]
fn a_line_feed_in_a_name_breaks_no_row_of_the_table() {
    let tree = tempfile::tempdir().unwrap();
    for (file, text) in [("type", "1\n"), ("carrier", "1\n"), ("statistics/rx_bytes", "5\n")] {
        write(tree.path(), &format!("sys/class/net/e\nth\u{1b}[31m/{file}"), text);
    }
    let lines = explained(tree.path());
    let mut table = Vec::new();
    write_table(&lines, &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert_eq!(table.lines().count(), lines.len() + 2, "{table}");
    assert!(table.contains("e\\nth") && !table.contains('\u{1b}'), "{table}");
}
