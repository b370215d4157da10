//! What the baselines that compare peers look at. One list for all three, so that they differ in their rule alone.

/// What is made of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its rise a second.
    Rate,
    /// The same of bytes, as a part of what the planned speed carries; not known where the plan tells no speed.
    Use,
    /// Its mean.
    Level,
    /// 1 where it is 0 and was not before, else 0.
    Down,
}

impl How {
    pub fn is_rate(self) -> bool {
        matches!(self, How::Rate | How::Use)
    }
}

/// What a quantity belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Nic,
    /// A port of a switch, by what is at the other end.
    ToHost,
    ToSwitch,
    Host,
    /// All GPUs of a node.
    Gpu,
}

/// A quantity of a part that is compared with that of its peers.
#[derive(Debug)]
pub struct Meter {
    /// Added up, as far as a part has them.
    pub counters: &'static [&'static str],
    pub how: How,
    pub of: &'static [Of],
    /// Less than the peers is bad, not more.
    pub is_low: bool,
    /// The smallest difference worth a word, in the meter's own unit: quantities that stand still (errors) have no spread.
    pub least: f32,
    /// The class that a part is accused of which stands out in it.
    pub class: &'static str,
}

const WIRED: &[Of] = &[Of::Nic, Of::ToHost, Of::ToSwitch];
const SWITCH: &[Of] = &[Of::ToHost, Of::ToSwitch];

const fn meter(
    counters: &'static [&'static str],
    how: How,
    of: &'static [Of],
    least: f32,
    class: &'static str,
) -> Meter {
    Meter { counters, how, of, is_low: false, least, class }
}

/// A rate is per second, a use a part of the planned speed. Retransmissions, out-of-sequence packets and lost acknowledgements are
/// left out: they show at the hosts that suffer, and a rule that takes whoever stands out would accuse these. So are marked
/// packets: a sound port marks more than its peers as soon as it is used more.
pub static METERS: [Meter; 11] = [
    meter(&["link_up"], How::Down, WIRED, 1.0, "link_down"),
    meter(&["rx_crc_errors", "rx_errors", "symbol_errors"], How::Rate, WIRED, 1.0, "lossy_link"),
    meter(&["fec_uncorrectable_blocks"], How::Rate, WIRED, 1.0, "lossy_link"),
    meter(&["rx_discards", "tx_discards"], How::Rate, SWITCH, 10.0, "buffer_misconfig"),
    // A hundredth of the time.
    meter(&["tx_pause_us"], How::Rate, &[Of::Nic], 10_000.0, "slow_receiver"),
    // Shorter queues come and go on sound ports: switches for RDMA begin to mark at about 100 kB.
    meter(&["queue_bytes"], How::Level, WIRED, 100_000.0, "slow_link"),
    meter(&["tx_bytes"], How::Use, &[Of::ToHost], 0.1, "incast"),
    meter(&["tx_bytes"], How::Use, &[Of::ToSwitch], 0.1, "ecmp_imbalance"),
    Meter { is_low: true, ..meter(&["rx_bytes"], How::Use, &[Of::Nic], 0.1, "slow_link") },
    // A hundredth of the time.
    meter(&["cpu_pressure_us"], How::Rate, &[Of::Host], 10_000.0, "host_straggler"),
    Meter { is_low: true, ..meter(&["sm_clock_mhz"], How::Level, &[Of::Gpu], 15.0, "gpu_throttle") },
];
