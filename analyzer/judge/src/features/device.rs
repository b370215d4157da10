//! What is known of a device as a whole: whether it tells anything, and, of nodes, how much their work stands still.

use super::Features;
use super::balance::Balance;
use super::headroom::Headroom;
use super::life::Busy;
use super::moments::Moments;
use super::stalls::{READS, Stalls};
use crate::fabric::{PortId, Tick, is_time};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeviceState {
    /// Time of the newest row of any of its ports.
    pub seen_ns: Option<i64>,
    /// Its collector has told nothing of this tick.
    #[serde(skip)]
    pub silent: Option<Silent>,
    /// Ports whose counters began anew in this tick.
    #[serde(skip)]
    pub reset_ports: Vec<PortId>,
    /// Only of switches whose ports tell their packets.
    pub balance: Option<Box<Balance>>,
    /// Only of nodes that tell of pressure or of their GPUs.
    stalls: Option<Box<Stalls>>,
    /// Only of nodes that tell how busy their CPUs are.
    pub(super) busy: Option<Box<Busy>>,
    /// Only of switches that ever paused a neighbour.
    pub headroom: Option<Box<Headroom>>,
    /// Only of devices with ports of jobs or with queues.
    pub moments: Option<Box<Moments>>,
}

/// Since when a collector has told nothing, and how often it tells something else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silent {
    pub since_ns: i64,
    pub flush_period_ns: i64,
}

impl DeviceState {
    /// A tick begins.
    pub fn begin_tick(&mut self) {
        self.silent = None;
        self.reset_ports.clear();
    }

    pub fn stalls(&self) -> Option<&Stalls> {
        self.stalls.as_deref()
    }

    pub fn forget_stalls(&mut self) {
        self.stalls = None;
    }

    pub fn forget_life(&mut self) {
        self.busy = None;
    }
}

impl Features {
    pub(super) fn update_stalls(&mut self) {
        for (device, state) in self.topology.devices.iter().zip(&mut self.devices) {
            if self.readings.tells(&device.name, &READS) {
                state.stalls.get_or_insert_default().update(self.tick, &device.name, &self.readings);
            }
        }
    }

    pub(super) fn update_silence(&mut self, tick: &Tick) {
        for silence in tick.silent.iter().filter(|silence| is_time(silence.last_ns)) {
            for name in &silence.devices {
                let device = self.topology.device(name);
                self.grow();
                let flush_period_ns = silence.flush_period_ns;
                self.devices[device].silent = Some(Silent { since_ns: silence.last_ns, flush_period_ns });
            }
        }
    }
}
