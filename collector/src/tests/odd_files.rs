//! Files that answer as real devices' do: EINVAL, EIO, numbers that are none, counters at their ends.

use super::config;
use crate::explain::{Line, explain, verdict};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Every read of these gives a real error: the loopback has no speed, and a process no memory at 0.
const EINVAL: &str = "/sys/class/net/lo/speed";
const EIO: &str = "/proc/self/mem";

/// Writes files; an absolute path instead of a text makes a link to it.
fn write(directory: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.starts_with('/') {
            true => symlink(text, path).unwrap(),
            false => fs::write(path, text).unwrap(),
        }
    }
}

fn line<'a>(lines: &'a [Line], port: &str, raw: &str) -> &'a Line {
    let found: Vec<_> = lines.iter().filter(|l| l.port == port && l.raw_name == raw).collect();
    let [only] = found[..] else { panic!("{port} {raw}: {found:?}") };
    only
}

/// (status, value) of a line.
fn said<'a>(lines: &'a [Line], port: &str, raw: &str) -> (&'a str, Option<i64>) {
    let line = line(lines, port, raw);
    (line.status, line.value.as_ref().map(|value| value.as_i64().expect("an integer")))
}

#[test]
fn each_error_blinds_one_counter_wherever_it_stands() {
    let root = tempfile::tempdir().unwrap();
    let port = root.path().join("sys/class/infiniband/mlx5_9/ports/2");
    let well = [("link_layer", "InfiniBand\n"), ("state", "4: ACTIVE\n"), ("phys_state", "5: LinkUp\n")];
    write(&port, &well);
    write(
        &port,
        &[("rate", EINVAL), ("counters/VL15_dropped", EIO), ("counters/excessive_buffer_overrun_errors", EINVAL)],
    );
    write(
        &port,
        &[("counters/link_downed", "7\n"), ("counters/port_rcv_errors", EIO), ("counters/port_xmit_wait", EIO)],
    );
    write(
        &port,
        &[("counters/symbol_error", EIO), ("counters/port_xmit_packets", "60\n"), ("counters/port_rcv_data", "25\n")],
    );
    write(&port, &[("hw_counters/out_of_buffer", EINVAL), ("hw_counters/out_of_sequence", "8\n")]);
    let lines = explain(&config(root.path()));
    for raw in ["VL15_dropped", "port_rcv_errors", "port_xmit_wait", "symbol_error"] {
        let told = line(&lines, "mlx5_9/2", raw);
        assert_eq!((told.status, &told.value), ("failed", &None), "{raw}");
        assert!(told.reason.contains("os error 5") && told.reason.contains(raw), "{}", told.reason);
    }
    for raw in ["excessive_buffer_overrun_errors", "out_of_buffer", "rate"] {
        let told = line(&lines, "mlx5_9/2", raw);
        assert_eq!((told.status, &told.value), ("absent", &None), "{raw}");
        assert!(told.reason.contains("os error 22") && told.reason.contains(raw), "{}", told.reason);
    }
    for (raw, value) in
        [("link_downed", 7), ("port_xmit_packets", 60), ("port_rcv_data", 100), ("out_of_sequence", 8), ("state", 1)]
    {
        assert_eq!(said(&lines, "mlx5_9/2", raw), ("ok", Some(value)), "{raw}");
    }
}

#[test]
fn a_port_whose_every_counter_fails_has_a_line_a_counter_and_its_state() {
    let root = tempfile::tempdir().unwrap();
    for (device, error) in [("mlx5_6", EINVAL), ("mlx5_7", EIO)] {
        let port = root.path().join("sys/class/infiniband").join(device).join("ports/1");
        write(&port, &[("link_layer", "InfiniBand\n"), ("state", "1: DOWN\n"), ("rate", "25 Gb/sec (1X EDR)\n")]);
        let counters =
            ["counters/link_downed", "counters/port_rcv_data", "counters/port_xmit_data", "counters/symbol_error"];
        counters.iter().for_each(|counter| write(&port, &[(counter, error)]));
    }
    let lines = explain(&config(root.path()));
    for (port, status) in [("mlx5_6/1", "absent"), ("mlx5_7/1", "failed")] {
        for raw in ["link_downed", "port_rcv_data", "port_xmit_data", "symbol_error"] {
            let told = line(&lines, port, raw);
            assert!(told.status == status && told.value.is_none() && told.reason.contains(raw), "{told:?}");
        }
        assert_eq!(said(&lines, port, "state"), ("ok", Some(0)));
        assert_eq!(said(&lines, port, "rate.width"), ("ok", Some(1)));
    }
}

#[test]
fn an_interface_set_down_is_no_trouble() {
    let root = tempfile::tempdir().unwrap();
    let class = root.path().join("sys/class/net");
    let spare = [("type", "1\n"), ("flags", "0x1002\n"), ("carrier", EINVAL), ("speed", EINVAL), ("mtu", "9000\n")];
    write(&class.join("spare3"), &spare);
    write(&class.join("spare4"), &[("type", "1\n"), ("carrier", EINVAL), ("speed", "-1\n")]);
    // A driver that answers for a port that is set down: what it says is no link state either.
    write(&class.join("spare5"), &[("type", "1\n"), ("flags", "0x1002\n"), ("carrier", "0\n"), ("speed", "65535\n")]);
    write(&class.join("rail2"), &[("type", "1\n"), ("flags", "0x1003\n"), ("carrier", "0\n"), ("speed", "800000\r\n")]);
    let lines = explain(&config(root.path()));
    for port in ["spare3", "spare4", "spare5"] {
        assert_eq!((said(&lines, port, "carrier"), said(&lines, port, "speed")), (("absent", None), ("absent", None)));
    }
    assert!(line(&lines, "spare3", "carrier").reason.contains("administrator"));
    assert!(line(&lines, "spare5", "speed").reason.contains("65535"), "the text that was read");
    assert_eq!(said(&lines, "rail2", "carrier"), ("ok", Some(0)), "up, and nothing on the cable");
    assert_eq!(said(&lines, "rail2", "speed"), ("ok", Some(800_000_000_000)));
    assert_eq!(verdict(&lines), 0, "{:?}", lines.iter().find(|l| l.status == "failed" || l.status == "blind"));
}

#[test]
fn counters_at_their_ends_are_blind_and_large_ones_are_exact() {
    let root = tempfile::tempdir().unwrap();
    let port = root.path().join("sys/class/infiniband/mlx5_3/ports/1");
    write(&port, &[("link_layer", "InfiniBand\n"), ("state", "4: ACTIVE\n"), ("rate", "800 Gb/sec (4X XDR)\n")]);
    let counters = [
        ("local_link_integrity_errors", "15", "blind", Some(15)),
        ("excessive_buffer_overrun_errors", "14", "ok", Some(14)),
        ("link_error_recovery", "255", "blind", Some(255)),
        ("link_downed", "254", "ok", Some(254)),
        ("symbol_error", "65535", "blind", Some(65535)),
        ("port_xmit_wait", "4294967294", "ok", Some(4_294_967_294)),
        ("port_rcv_data", "2251799813685251", "ok", Some(9_007_199_254_741_004)),
        ("port_xmit_data", "2305843009213693952", "failed", None),
        ("port_xmit_packets", "9223372036854775806", "ok", Some(9_223_372_036_854_775_806)),
        ("port_rcv_packets", "9223372036854775808", "failed", None),
        ("unicast_xmit_packets", "18446744073709551615", "failed", None),
        ("unicast_rcv_packets", "18446744073709551616", "absent", None),
        ("port_rcv_errors", "-3", "absent", None),
        ("port_xmit_discards", "0x1f", "absent", None),
        ("VL15_dropped", "12\r", "ok", Some(12)),
    ];
    for (raw, text, ..) in counters {
        write(&port.join("counters"), &[(raw, &format!("{text}\n"))]);
    }
    let lines = explain(&config(root.path()));
    for (raw, text, status, value) in counters {
        assert_eq!(said(&lines, "mlx5_3/1", raw), (status, value), "{raw} {text}");
    }
}
