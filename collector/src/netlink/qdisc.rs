//! `RTM_NEWQDISC` messages to structs.

use super::attributes::{Attributes, text, u32_at};
use netlink_packet_route::tc::TcStatsQueue;

const TCMSG: usize = 20;
const ROOT: u32 = u32::MAX;

/// The queue of a port's root qdisc; the kernel adds up what lies beneath it.
#[derive(Clone, Debug, PartialEq)]
pub struct QdiscRecord {
    pub ifindex: u32,
    /// `tbf`, `mq`, `fq_codel`, …
    pub kind: String,
    pub stats: TcStatsQueue,
}

/// `None` for a qdisc that is not at the root, or keeps no queue statistics (`noqueue` has no queue to count).
pub fn parse_root_qdisc(message: &[u8]) -> Option<QdiscRecord> {
    let ifindex = u32_at(message, 4)?;
    if u32_at(message, 12)? != ROOT {
        return None;
    }
    let (mut kind, mut stats) = (String::new(), None);
    for (attribute, value) in Attributes(message.get(TCMSG..)?) {
        match attribute {
            1 => kind = text(value),
            7 => stats = queue_stats(value),
            _ => {}
        }
    }
    let stats = stats.filter(|_| kind != "noqueue")?;
    Some(QdiscRecord { ifindex, kind, stats })
}

/// TCA_STATS_QUEUE inside TCA_STATS2.
fn queue_stats(stats2: &[u8]) -> Option<TcStatsQueue> {
    let (_, value) = Attributes(stats2).find(|(kind, _)| *kind == 3)?;
    TcStatsQueue::parse(value).ok()
}
