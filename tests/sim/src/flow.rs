//! One flow, and the rules by which flows share links.
//!
//! A step is fluid: each flow wants what its collective lets it send, and hop by hop the links scale down what they
//! cannot carry, all flows alike. What a flow gets at its last hop is what it sends at its first: senders are paced by
//! congestion control, so nothing is lost to full buffers.

use crate::layout::C;
use crate::link::PACKET_BYTES;
use crate::rng::Rng;
use crate::route::Path;
use crate::world::World;

/// Packets in flight that go-back-N sends again for one that was lost.
const WINDOW_PACKETS: f64 = 128.0;
/// One packet in so many lost was the last of its message: nothing follows it, so only a timeout tells.
const TAIL_LOSS: f64 = 0.02;
/// RoCE's local ACK timeout, seconds.
const ACK_TIMEOUT_S: f64 = 0.067;
/// A queue fuller than this marks packets …
const MARK_FROM: f64 = 0.15;
/// … up to this part of them …
const MARK_MOST: f64 = 0.05;
/// … and beyond this pauses whoever feeds it.
const PAUSE_FROM: f64 = 0.6;
/// A receiver answers so many marked packets with one CNP.
const MARKS_A_CNP: f64 = 8.0;

/// The part of what it sends that go-back-N gets through a link of this packet loss.
pub fn goodput(loss: f64) -> f64 {
    1.0 / (1.0 + loss * WINDOW_PACKETS)
}

#[derive(Clone, Debug)]
pub struct Flow {
    pub from: usize,
    pub to: usize,
    pub rail: usize,
    pub hash: u64,
    pub path: Path,
    /// Payload bytes this phase, and how many of them have arrived.
    pub size: f64,
    pub done: f64,
    /// When its connection has recovered from a change of path, seconds.
    pub wait_until: f64,
    /// Payload it may send in this step, and the wire bytes it is given.
    want: f64,
    wire: f64,
    /// Payload of the step before: its pace, to place the end within a step.
    pace: f64,
    goodput: f64,
}

impl Flow {
    pub fn new(from: usize, to: usize, rail: usize, hash: u64) -> Flow {
        Flow {
            from,
            to,
            rail,
            hash,
            path: Path::default(),
            size: 0.0,
            done: 0.0,
            wait_until: 0.0,
            want: 0.0,
            wire: 0.0,
            pace: 0.0,
            goodput: 1.0,
        }
    }

    pub fn restart(&mut self, size: f64) {
        (self.size, self.done, self.want, self.wire, self.pace) = (size, 0.0, 0.0, 0.0, 0.0);
    }

    pub fn progress(&self) -> f64 {
        self.done / self.size
    }

    pub fn is_done(&self) -> bool {
        self.done >= self.size * (1.0 - 1e-9)
    }

    /// Sets what the flow wants: up to `limit` (a fraction of its size) within `seconds`.
    pub fn demand(&mut self, world: &World, limit: f64, seconds: f64) {
        let links = &world.links;
        self.goodput = self.path.links().iter().map(|&l| goodput(links[l as usize].missing())).product();
        let first = &links[self.path.links()[0] as usize];
        let line = if world.now < self.wait_until { 0.0 } else { first.plan() * seconds.max(0.0) };
        self.want = (limit.min(1.0) * self.size - self.done).clamp(0.0, line * self.goodput);
        self.wire = self.want / self.goodput;
    }

    pub fn offer(&self, world: &mut World, hop: usize) {
        if let Some(&link) = self.path.links().get(hop) {
            world.links[link as usize].offered += self.wire;
        }
    }

    /// Scales the flow to its share of a hop; a NIC's own queue never counts more than its line.
    pub fn squeeze(&mut self, world: &World, hop: usize, dt: f64) {
        if let Some(&link) = self.path.links().get(hop) {
            let link = &world.links[link as usize];
            let room = link.capacity() * dt;
            if link.offered > room {
                self.wire *= room / link.offered;
            }
        }
    }

    /// Sends; returns how far into the step (0 to 1) the flow ended, if it did.
    pub fn send(&mut self, world: &mut World, dt: f64, rng: &mut Rng) -> Option<f64> {
        if self.wire <= 0.0 {
            self.starve(world, dt);
            return None;
        }
        let payload = self.wire * self.goodput;
        let ended = self.done + payload >= self.size * (1.0 - 1e-9);
        self.done = (self.done + payload).min(self.size);
        self.carry(world, rng);
        let within = (payload / self.pace.max(payload)).min(1.0);
        self.pace = payload;
        ended.then_some(within)
    }

    fn nics(&self, world: &World) -> (usize, usize) {
        let links = self.path.links();
        let last = links[links.len() - 1] as usize;
        (links[0] as usize, world.topology.ports[last].peer.unwrap_or(last))
    }

    fn carry(&mut self, world: &mut World, rng: &mut Rng) {
        let (sender, receiver) = self.nics(world);
        let mut bytes = self.wire;
        let mut marked = 0.0;
        for (hop, &link) in self.path.links().iter().enumerate() {
            let id = link as usize;
            world.links[id].carried += bytes;
            let loss = world.links[id].missing();
            if loss > 0.0 {
                self.recover(world, sender, receiver, bytes / PACKET_BYTES * loss, rng);
                bytes *= 1.0 - loss;
            }
            let fill = world.fill(id);
            if fill > MARK_FROM && hop > 0 {
                let marks = bytes / PACKET_BYTES * MARK_MOST * (fill - MARK_FROM);
                world.add(id, C::TxEcnMarked, marks);
                marked += marks;
                if fill > PAUSE_FROM {
                    let before = self.path.links()[hop - 1] as usize;
                    world.links[before].paused = world.links[before].paused.max(0.3 * (fill - PAUSE_FROM));
                }
            }
        }
        if marked > 0.0 {
            world.add(receiver, C::RxEcnMarked, marked);
            world.add(receiver, C::CnpSent, marked / MARKS_A_CNP);
            world.add(sender, C::CnpHandled, marked / MARKS_A_CNP);
        }
    }

    /// The ends' own counters of a loss: the receiver misses a packet, the sender goes back.
    fn recover(&self, world: &mut World, sender: usize, receiver: usize, lost: f64, rng: &mut Rng) {
        let lost = lost * rng.range(0.8, 1.2);
        world.add(receiver, C::OutOfSequence, lost * (1.0 - TAIL_LOSS));
        world.add(sender, C::NakReceived, lost * (1.0 - TAIL_LOSS));
        world.add(sender, C::AckTimeouts, lost * TAIL_LOSS);
        world.add(sender, C::Retransmits, lost * WINDOW_PACKETS / 4.0);
    }

    /// A flow that wants to send into a dead link hears nothing and times out.
    fn starve(&mut self, world: &mut World, dt: f64) {
        if self.want > 0.0 && self.path.links().iter().any(|&l| !world.links[l as usize].passes()) {
            let (sender, _) = self.nics(world);
            world.add(sender, C::AckTimeouts, dt / ACK_TIMEOUT_S);
        }
    }

    /// Bytes a second when its NIC is shared by `sharers` flows alike.
    pub fn fair_rate(&self, world: &World, sharers: usize) -> f64 {
        world.links[self.path.links()[0] as usize].plan() / sharers.max(1) as f64
    }
}
