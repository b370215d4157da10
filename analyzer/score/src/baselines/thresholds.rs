//! Fixed thresholds a port, as a monitor of node health ships them.
//!
//! The limits are the defaults of NVSentinel's monitor of NICs (github.com/NVIDIA/NVSentinel, values.yaml of its chart
//! nic-health-monitor, 2026), of the counters that traces have. It watches the ports of nodes; here those of switches have
//! the same limits, as they would under a switch's own monitor. Its one threshold is a factor on all limits: 1 as shipped. Left
//! out is its limit of one lost acknowledgement a second: that counts at whoever waits for an answer, and never at the part at
//! fault. With it the factor had to be 4,000 and more, and 11 incidents were false all the same.

use super::baseline::Baseline;
use super::meters::{How, Meter, Of};
use super::seen::Seen;
use super::strength::Strength;

pub static FIXED: Baseline = Baseline {
    name: "fixed thresholds",
    about: "error rates a port above a limit; as NVSentinel ships them (2026), factor 1",
    published: 1.0,
    confirm_ns: 0,
    meters: &LIMITS,
    strengths: of,
};

const WIRED: &[Of] = &[Of::Nic, Of::ToHost, Of::ToSwitch];

const fn limit(counters: &'static [&'static str], per_second: f32, class: &'static str) -> Meter {
    Meter { counters, how: How::Rate, of: WIRED, is_low: false, least: per_second, class }
}

static LIMITS: [Meter; 7] = [
    Meter { how: How::Down, ..limit(&["link_up"], 1.0, "link_down") },
    // Any: once in the longest trace is more than this.
    limit(&["link_down_events"], 1e-4, "link_flap"),
    limit(&["rnr_retries"], 1e-4, "slow_receiver"),
    // 120 an hour.
    limit(&["symbol_errors"], 120.0 / 3600.0, "lossy_link"),
    limit(&["rx_errors"], 10.0, "lossy_link"),
    limit(&["rx_crc_errors"], 10.0, "lossy_link"),
    limit(&["tx_discards"], 100.0, "buffer_misconfig"),
];

fn of(seen: &Seen) -> Vec<Strength> {
    let of_meter = |limit: &'static Meter| {
        seen.tracks(limit).into_iter().flatten().map(move |track| match limit.how {
            How::Down => Strength::certain(track.part, limit.class, &track.values),
            _ => {
                let mut strength = Strength::none(track.part, limit.class);
                track.values.iter().enumerate().for_each(|(tick, value)| strength.push(tick, value / limit.least));
                strength
            }
        })
    };
    LIMITS.iter().flat_map(of_meter).collect()
}
