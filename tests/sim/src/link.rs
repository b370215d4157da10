//! One direction of a cable: what it carries, what it loses, and what its far end does to it.

use crate::rng::Rng;
use crate::topology::Port;
use weft_wire::Table;

/// What one full-sized packet takes on the wire: 4,096 bytes of payload, RoCE and Ethernet headers.
pub const PACKET_BYTES: f64 = 4_166.0;
const BACKGROUND_PACKET_BYTES: f64 = 380.0;
/// What a NIC gets out of its line once headers, pacing and PCIe have had their share.
const NIC_EFFICIENCY: f64 = 0.92;
const SWITCH_EFFICIENCY: f64 = 0.98;
/// Frames that are under way between the two ends of a cable before the sender hears that one of them is missing: a round trip
/// of a microsecond (a cable of some 20 m and the pipelines of both chips) at 400 Gbit/s is 50 kB.
const FRAMES_A_ROUND_TRIP: f64 = 12.0;

/// One direction of a cable, known by the port it leaves.
#[derive(Clone, Debug)]
pub struct Link {
    /// Bytes a second it can carry when healthy.
    plan: f64,
    /// What a fault leaves of `plan`.
    pub scale: f64,
    /// Part of the planned speed that the link trained at: its ports say so.
    pub trained: f64,
    /// Fraction of packets that vanish on the way, uncounted by either end.
    pub loss: f64,
    /// Fraction of packets that arrive damaged: the receiving end counts and discards them.
    pub damaged: f64,
    /// Fraction of frames that arrive damaged and that the sending end repeats: link-level retry hides them from the hosts.
    pub retried: f64,
    /// Administratively the cable is in and lit; both directions share it.
    pub up: bool,
    /// The card at one of its ends does not work: nothing passes though the link is lit.
    pub dead: bool,
    /// Bytes asked for and bytes carried (sent, before loss) in this step.
    pub offered: f64,
    pub carried: f64,
    /// Fraction of this step that the far end kept this port paused.
    pub paused: f64,
    pub queue: f64,
    /// When `up` or `dead` last changed, seconds.
    pub changed: f64,
    background: f64,
    pub background_now: f64,
    pub background_packets: f64,
    /// Packets lost in this step.
    pub lost_packets: f64,
}

impl Link {
    pub fn new(port: &Port, rng: &mut Rng) -> Link {
        let efficiency = if port.table == Table::Nic { NIC_EFFICIENCY } else { SWITCH_EFFICIENCY };
        let (low, high) = match port.role {
            "storage" if port.table == Table::SwitchPort => (4e7, 2e8), // training data being read
            "storage" => (1e6, 5e6),
            _ => (5e3, 2e5),
        };
        let background = rng.range(low, high);
        Link {
            plan: port.speed_bps as f64 / 8.0 * efficiency,
            scale: 1.0,
            trained: 1.0,
            loss: 0.0,
            damaged: 0.0,
            retried: 0.0,
            up: port.in_use,
            dead: false,
            offered: 0.0,
            carried: 0.0,
            paused: 0.0,
            queue: 0.0,
            changed: f64::NEG_INFINITY,
            background,
            background_now: background,
            background_packets: if port.role == "storage" { PACKET_BYTES } else { BACKGROUND_PACKET_BYTES },
            lost_packets: 0.0,
        }
    }

    /// Bytes a second that it can carry now.
    pub fn capacity(&self) -> f64 {
        if self.passes() { self.plan * self.trained * self.scale * retry_goodput(self.retried) } else { 0.0 }
    }

    /// Whether anything can pass.
    pub fn passes(&self) -> bool {
        self.up && !self.dead
    }

    pub fn plan(&self) -> f64 {
        self.plan
    }

    /// Fraction of packets that do not reach the far device, for whatever reason.
    pub fn missing(&self) -> f64 {
        self.loss + self.damaged
    }

    /// Once a second: `spread` is standard normal.
    pub fn drift(&mut self, spread: f64) {
        self.background_now = self.background * (0.3 * spread).exp();
    }
}

/// The part of its line that a link keeps whose sending end goes back to each damaged frame and repeats all that followed it:
/// 1 ÷ (1 + p · W) for the fraction p of damaged frames and the W frames of a round trip. Of p = 1 % it keeps 89 %.
pub fn retry_goodput(retried: f64) -> f64 {
    1.0 / (1.0 + retried * FRAMES_A_ROUND_TRIP)
}
