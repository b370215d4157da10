//! Tests of weft-wire from outside, one binary for all of them.

mod docs;
mod fixtures;
mod golden;
mod hostile;
mod memory;
mod roundtrip;
