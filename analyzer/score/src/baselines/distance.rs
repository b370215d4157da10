//! Distance to the peer group, confirmed: at each tick the one part that lies farthest from all others, if it stays so.
//!
//! As in Minder (Deng et al., NSDI 2025), which finds a faulty machine among those of a training job: per metric the sum of
//! distances to all others in a window, the farthest machine, and only if it stays the farthest for long. Left out is Minder's
//! autoencoder, which takes noise out of each window: a mean over the window does that here.

use super::baseline::Baseline;
use super::meters::METERS;
use super::seen::Seen;
use super::statistics::{above_others, strengths};
use super::strength::Strength;

/// Longer than an iteration, so that bursts average out.
const WINDOW_NS: i64 = 10_000_000_000;

pub static DISTANCE: Baseline = Baseline {
    name: "distance to peers",
    about: "the part farthest from its peers for a minute; as Minder has it (NSDI 2025), which waits for four",
    // Of the distances themselves, in their standard deviations.
    published: 3.0,
    // Four minutes are longer than most faults of the traces last: with them next to nothing would be found.
    confirm_ns: 60_000_000_000,
    meters: &METERS,
    strengths: of,
};

fn of(seen: &Seen) -> Vec<Strength> {
    strengths(seen, WINDOW_NS, |values, least| {
        let n = values.len() as f32 - 1.0;
        let distance = |own: &f32| values.iter().map(|value| (value - own).abs()).sum::<f32>() / n;
        let distances: Vec<f32> = values.iter().map(distance).collect();
        let farthest = (0..values.len()).max_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        // A part that is far on the good side is no trouble.
        let is_bad = |own: usize| values[own] > values.iter().sum::<f32>() / values.len() as f32;
        let strength =
            |own| if farthest == Some(own) && is_bad(own) { above_others(&distances, own, least) } else { 0.0 };
        (0..values.len()).map(strength).collect()
    })
}
