//! Links that run at a lower speed than they should: both ends of a link agree on its speed when it comes up ("training"), and
//! take a lower one where a lane, a cable or a module does not bear the higher.
//!
//! ```text
//! speed_bps of a port planned at 400 Gbit/s      400  400  (down)  200  200  200
//! low                                              no   no     no  yes  yes  yes, since the first of these readings
//! ```
//! Only such ports are kept, so that a sound fabric costs no memory. What was read last stands until another speed is read: a
//! link that is down tells none.

use super::Features;
use crate::fabric::PortId;
use serde::{Deserialize, Serialize};

/// The rate at which the link trained, bit/s.
pub const COUNTER: &str = "speed_bps";
/// A speed below this part of the plan is a lower one. Of the speeds that Ethernet and InfiniBand have none lies nearer to the
/// next than 40 to 50 Gbit/s, 0.8 of it; nine tenths is the middle between the two. A plan that rounds is within it: 56 Gbit/s
/// of FDR InfiniBand are 54.5.
const LOWER: f64 = 0.9;

/// A port whose link trained low.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Low {
    /// As read last, bit/s.
    pub bps: f64,
    /// The first reading in a row that told less than planned.
    pub since_ns: i64,
}

impl Features {
    /// Takes in that a port's link runs at this speed, bit/s. A speed of 0 is none: the link is down.
    pub(super) fn update_trained(&mut self, port: PortId, ts_ns: i64, bps: f64) {
        if bps <= 0.0 {
            return;
        }
        let planned = self.topology.ports[port].planned_bps;
        if planned.is_none_or(|planned| bps >= planned as f64 * LOWER) {
            self.trained_low.remove(&port);
        } else {
            let low = self.trained_low.entry(port).or_insert(Low { bps, since_ns: ts_ns });
            low.bps = bps;
        }
    }
}
