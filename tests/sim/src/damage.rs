//! What the ends of a cable count when bits of it flip.
//!
//! Ethernet from 100 Gbit/s a lane on carries RS(544,514) (IEEE 802.3, clause 119): codewords of 544 symbols of 10 bits, of which 15 may
//! be wrong. A codeword with 16 wrong symbols or more is beyond repair, and every frame that has a part in it is discarded.
//!
//! ```text
//! frame 4,166 B  ├──────────────────────────────┤
//! codewords      ├───┼───┼───┼─x─┼───┼───┼───┼───┤   514 symbols · 10 bits = 642.5 B of data each; a frame touches 7.5
//! ```
//! So a fraction p of damaged frames comes from p ÷ 7.5 of damaged codewords. Codewords pass whether there is traffic or not:
//! the port counts them by the time that the link is lit, damaged frames by the packets that arrive.

use crate::layout::C;
use crate::link::PACKET_BYTES;
use crate::topology::PortId;
use crate::world::World;

/// Bits of data of a codeword. The 300 bits of parity pass beside them: a link of 400 Gbit/s runs at 425.
const DATA_BITS: f64 = 5_140.0;
/// Wrong symbols of the least codeword that is beyond repair. Where bits flip independently, worse ones are rare.
const SYMBOLS: f64 = 16.0;

/// Codewords that a full-sized frame has a part in.
fn codewords_a_frame() -> f64 {
    PACKET_BYTES * 8.0 / DATA_BITS + 1.0
}

/// Books the damage of a step of `dt` seconds to the receiving end, `receiver`, of a link: `frames` arrived damaged.
pub fn book(world: &mut World, link: PortId, receiver: PortId, frames: f64, dt: f64) {
    let speed = world.topology.ports[link].speed_bps as f64 * world.links[link].trained;
    let codewords = speed / DATA_BITS * dt;
    let beyond_repair = world.draw(codewords * world.links[link].damaged / codewords_a_frame());
    world.add(receiver, C::FecUncorrectable, beyond_repair);
    world.add(receiver, C::SymbolErrors, SYMBOLS * beyond_repair);
    world.add(receiver, C::RxCrcErrors, frames);
    world.add(receiver, C::RxErrors, frames);
}

/// Books the replays of a step: the sending end counts each time that it goes back, the receiving end each frame it missed.
pub fn book_retries(world: &mut World, link: PortId, receiver: PortId, packets: f64) {
    let replays = world.draw(packets * world.links[link].retried);
    world.add(link, C::LinkRetryEvents, replays);
    world.add(receiver, C::LinkRetryBlocks, replays);
}
