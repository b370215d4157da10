//! The honest small case: frames of 8 rows from 12,500 collectors. Without a broker; the broker's share is measured by
//! the end-to-end benchmark. `cargo bench -p weft-analyzer --bench small_frames`

mod common;

fn main() {
    common::measure("small_frames", 12_500, 8, 10);
}
