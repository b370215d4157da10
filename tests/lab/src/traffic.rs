//! What each cable carries, by the fabric's own counters: tells where a fault would cost the job something.

use crate::netlink::Netlink;
use crate::netns;
use crate::topology::{Cable, Topology};
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Mean rate sent by each end of each cable, bits a second.
pub struct Traffic(Vec<[f64; 2]>);

impl Traffic {
    pub fn measure(topology: &Topology, over: Duration) -> Result<Self> {
        let (before, start) = (sent_bytes(topology)?, Instant::now());
        std::thread::sleep(over);
        let (after, seconds) = (sent_bytes(topology)?, start.elapsed().as_secs_f64());
        let rate = |device: &str, port: &str| {
            let key = (device.to_owned(), port.to_owned());
            let bytes = after.get(&key).unwrap_or(&0).saturating_sub(*before.get(&key).unwrap_or(&0));
            bytes as f64 * 8.0 / seconds
        };
        Ok(Self(topology.cables.iter().map(|c| c.ends().map(|e| rate(&e.device, &e.port))).collect()))
    }

    /// The busier direction's share of the cable's rate, 0 to 1.
    pub fn load(&self, index: usize, cable: &Cable) -> f64 {
        self.0[index].iter().fold(0.0, |a: f64, b| a.max(*b)) / cable.rate_bps as f64
    }
}

fn sent_bytes(topology: &Topology) -> Result<BTreeMap<(String, String), u64>> {
    let mut bytes = BTreeMap::new();
    for node in &topology.nodes {
        for link in netns::within(&node.name, || Netlink::open()?.links())? {
            bytes.insert((node.name.clone(), link.name), link.stats.tx_bytes);
        }
    }
    Ok(bytes)
}
