//! A made tree of mlx5 devices in the form of the real one.

use std::fs;
use std::io;
use std::path::Path;

const COUNTERS: [&str; 21] = [
    "VL15_dropped",
    "excessive_buffer_overrun_errors",
    "link_downed",
    "link_error_recovery",
    "local_link_integrity_errors",
    "multicast_rcv_packets",
    "multicast_xmit_packets",
    "port_rcv_constraint_errors",
    "port_rcv_data",
    "port_rcv_errors",
    "port_rcv_packets",
    "port_rcv_remote_physical_errors",
    "port_rcv_switch_relay_errors",
    "port_xmit_constraint_errors",
    "port_xmit_data",
    "port_xmit_discards",
    "port_xmit_packets",
    "port_xmit_wait",
    "symbol_error",
    "unicast_rcv_packets",
    "unicast_xmit_packets",
];

const HW_COUNTERS: [&str; 25] = [
    "duplicate_request",
    "implied_nak_seq_err",
    "lifespan",
    "local_ack_timeout_err",
    "np_cnp_sent",
    "np_ecn_marked_roce_packets",
    "out_of_buffer",
    "out_of_sequence",
    "packet_seq_err",
    "req_cqe_error",
    "req_cqe_flush_error",
    "req_remote_access_errors",
    "req_remote_invalid_request",
    "resp_cqe_error",
    "resp_cqe_flush_error",
    "resp_local_length_error",
    "resp_remote_access_errors",
    "rnr_nak_retry_err",
    "roce_adp_retrans",
    "roce_slow_restart",
    "rp_cnp_handled",
    "rp_cnp_ignored",
    "rx_atomic_requests",
    "rx_read_requests",
    "rx_write_requests",
];

/// Counters of one port.
pub const OF_A_PORT: usize = COUNTERS.len() + HW_COUNTERS.len();

/// Writes `devices` devices of one port each under `root`.
pub fn make(root: &Path, devices: usize) -> io::Result<()> {
    for device in 0..devices {
        let directory = root.join(format!("sys/class/infiniband/mlx5_{device}"));
        let port = directory.join("ports/1");
        for group in ["counters", "hw_counters"] {
            fs::create_dir_all(port.join(group))?;
        }
        let files = [
            (directory.join("hca_type"), "MT4129"),
            (directory.join("fw_ver"), "28.41.1000"),
            (directory.join("board_id"), "MT_0000000838"),
            (port.join("link_layer"), "InfiniBand"),
            (port.join("state"), "4: ACTIVE"),
            (port.join("phys_state"), "5: LinkUp"),
            (port.join("rate"), "400 Gb/sec (4X NDR)"),
        ];
        for (path, text) in files {
            fs::write(path, format!("{text}\n"))?;
        }
        write_counters(&port.join("counters"), &COUNTERS, device)?;
        write_counters(&port.join("hw_counters"), &HW_COUNTERS, device)?;
    }
    Ok(())
}

/// Moving counters are large, as on a machine that has been up for weeks; narrow ones are small.
fn write_counters(directory: &Path, names: &[&str], device: usize) -> io::Result<()> {
    for (place, name) in names.iter().enumerate() {
        let moves = ["_data", "_packets", "_requests"].iter().any(|end| name.ends_with(end));
        let value = if moves { 230_442_669_431_839 + (device * 1000 + place) as u64 } else { (place % 3) as u64 };
        fs::write(directory.join(name), format!("{value}\n"))?;
    }
    Ok(())
}
