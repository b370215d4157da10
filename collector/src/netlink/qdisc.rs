//! `RTM_NEWQDISC` messages to structs.

use super::attributes::{Attributes, text, u32_at, u64_at};
use netlink_packet_route::tc::TcStatsQueue;

const TCMSG: usize = 20;
const ROOT: u32 = u32::MAX;

/// The queue of a port's root qdisc; the kernel adds up what lies beneath it.
#[derive(Clone, Debug, PartialEq)]
pub struct QdiscRecord {
    pub ifindex: u32,
    /// `tbf`, `mq`, `fq_codel`, …
    pub kind: String,
    /// The rate that a token bucket (`tbf`) limits the port to, bit/s.
    pub limit_bps: Option<u64>,
    pub stats: TcStatsQueue,
}

/// `None` for a qdisc that is not at the root, or keeps no queue statistics (`noqueue` has no queue to count).
pub fn parse_root_qdisc(message: &[u8]) -> Option<QdiscRecord> {
    let ifindex = u32_at(message, 4)?;
    if u32_at(message, 12)? != ROOT {
        return None;
    }
    let (mut kind, mut stats, mut options) = (String::new(), None, [].as_slice());
    for (attribute, value) in Attributes(message.get(TCMSG..)?) {
        match attribute {
            1 => kind = text(value),
            2 => options = value,
            7 => stats = queue_stats(value),
            _ => {}
        }
    }
    let stats = stats.filter(|_| kind != "noqueue")?;
    let limit_bps = if kind == "tbf" { tbf_limit_bps(options) } else { None };
    Some(QdiscRecord { ifindex, kind, limit_bps, stats })
}

/// Of TCA_OPTIONS of a `tbf` (linux/pkt_sched.h): TCA_TBF_RATE64 where the rate needs 64 bits, else `rate` of the
/// tc_ratespec with which TCA_TBF_PARMS begins. The kernel counts both in bytes a second.
fn tbf_limit_bps(options: &[u8]) -> Option<u64> {
    const PARMS: u16 = 1;
    const RATE64: u16 = 4;
    const RATE_IN_PARMS: usize = 8;
    let of = |wanted: u16| Attributes(options).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let wide = of(RATE64).and_then(|value| u64_at(value, 0));
    let bytes = wide.or_else(|| of(PARMS).and_then(|value| u32_at(value, RATE_IN_PARMS)).map(u64::from))?;
    bytes.checked_mul(8).filter(|&bps| bps > 0)
}

/// TCA_STATS_QUEUE inside TCA_STATS2.
fn queue_stats(stats2: &[u8]) -> Option<TcStatsQueue> {
    let (_, value) = Attributes(stats2).find(|(kind, _)| *kind == 3)?;
    TcStatsQueue::parse(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [(4 + value.len() as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn the_limit_of_a_token_bucket_is_its_rate_in_bits() {
        let parms = |rate: u32| attribute(1, &[&[0; 8][..], &rate.to_ne_bytes(), &[0; 24]].concat());
        let wide = attribute(4, &50_000_000_000u64.to_ne_bytes());
        for (options, expected) in [
            (parms(12_500_000), Some(100_000_000)),
            ([wide, parms(u32::MAX)].concat(), Some(400_000_000_000)),
            (parms(0), None),
            (attribute(1, &[0; 6]), None),
            (vec![200, 0, 1, 0, 1], None),
            (Vec::new(), None),
        ] {
            assert_eq!(tbf_limit_bps(&options), expected, "{options:?}");
        }
    }
}
