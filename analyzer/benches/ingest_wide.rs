//! Decode + ingest + model + detect on wide batches: 20 collectors of 2,000 ports each. Goal: 40 M samples a CPU-second.
//! `cargo bench -p weft-analyzer --bench ingest_wide`

mod common;

fn main() {
    common::measure("ingest_wide", 20, 2_000, 20);
}
