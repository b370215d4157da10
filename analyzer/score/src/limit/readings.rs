//! What a reading is worth, and how many there were.

use weft_trace::{TraceTables, Truth};

/// Evidence that names a part where one fault a node-day is to be told and one false word in 10,000 node-days is allowed:
/// ln(1 / 1e-4), less ln 10 for what the search over sizes costs and gives back.
pub const VERDICT_NATS: f64 = 6.9;

/// Nats that one reading brings in the mean where something happens in a share `is` of readings that happens in a share
/// `was` of a sound part's: Kullback and Leibler's D.
pub fn nats(is: f64, was: f64) -> f64 {
    let term = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
    term(is, was) + term(1.0 - is, 1.0 - was)
}

/// The instants at which a device was read while a fault lasted.
pub fn instants(tables: &TraceTables, truth: &Truth, device: &str) -> usize {
    let of_device: Vec<bool> = tables.places.iter().map(|place| place.device == device).collect();
    let inside = |ns: i64| (truth.start_ns..=truth.end_ns).contains(&ns);
    let mut stamps: Vec<i64> =
        tables.readings.iter().filter(|r| inside(r.ts_ns) && of_device[r.place as usize]).map(|r| r.ts_ns).collect();
    stamps.sort_unstable();
    // Ports of a device are read one after the other.
    let together_ns = tables.manifest.tick_ns / 2;
    stamps.dedup_by(|next, first| *next - *first <= together_ns);
    stamps.len()
}
