//! Ways to disturb a trace that leave what was wrong in it as it was: the verdict has to follow. A detector that knows its
//! traces, by names, by order or by the instants of reading, shows here.
//!
//! ```text
//! TraceTables ─► Disturbance ─► TraceTables, Back ─► judged ─► incidents ─► Back ─► compared with the truth as it was
//! ```
//! A further disturbance is one file here and one row in [`DISTURBANCES`].

mod back;
mod decimated;
mod dice;
mod disturbance;
mod dropped;
mod follow;
mod jittered;
mod mirrored;
mod permuted;
mod phased;
mod prefixed;
mod renamed;
mod shifted;
#[cfg(test)]
mod tests;

pub use back::Back;
pub use dice::{Dice, number_of};
pub use disturbance::Disturbance;
pub use follow::{Change, Followed, Kind, Metamorphic, followed};

use std::str::FromStr;

const DISTURBANCES: [&Disturbance; 9] = [
    &renamed::RENAMED,
    &permuted::PERMUTED,
    &shifted::SHIFTED,
    &mirrored::MIRRORED,
    &decimated::DECIMATED,
    &dropped::DROPPED,
    &phased::PHASED,
    &jittered::JITTERED,
    &prefixed::PREFIXED,
];

/// Those that were asked for.
#[derive(Clone, Debug)]
pub struct Disturbances(pub Vec<&'static Disturbance>);

/// `all`, or names with commas between them.
impl FromStr for Disturbances {
    type Err = String;

    fn from_str(text: &str) -> Result<Disturbances, String> {
        if text == "all" {
            return Ok(Disturbances(DISTURBANCES.to_vec()));
        }
        let find = |name: &str| DISTURBANCES.into_iter().find(|d| d.name == name).ok_or(name.to_owned());
        let found: Result<Vec<_>, String> = text.split(',').map(|name| find(name.trim())).collect();
        found.map(Disturbances).map_err(|name| {
            format!("there is no {name:?}: write all, or some of {}", DISTURBANCES.map(|d| d.name).join(","))
        })
    }
}
