//! What every baseline is.

use super::meters::Meter;
use super::seen::Seen;
use super::strength::Strength;

/// One rule.
#[derive(Debug)]
pub struct Baseline {
    pub name: &'static str,
    /// What it does, and where it is in use, for people.
    pub about: &'static str,
    /// The threshold that its source gives; strengths are in the same unit.
    pub published: f32,
    /// A strength must last for so long before it is told, ns.
    pub confirm_ns: i64,
    /// How strongly each part stands out, by tick.
    /// What it looks at.
    pub meters: &'static [Meter],
    pub strengths: fn(&Seen) -> Vec<Strength>,
}
