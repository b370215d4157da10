//! What diagnosis holds open, as a frozen value that detectors are handed in each tick. Nothing else flows back to them.

use crate::fabric::Part;
use crate::features::Disturbed;
use crate::kinds::FactKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By names, so that the cases may be kept in another process than the one that detects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// What open cases claim. Detectors tell of these conditions also when they are absent.
    pub claims: BTreeMap<FactKind, BTreeMap<Part, Claim>>,
    /// Since when a condition that an incident claimed has been over, of incidents that were resolved of late. What a detector
    /// has said to be over is not found anew in readings from before that moment.
    pub over: BTreeMap<FactKind, BTreeMap<Part, i64>>,
    /// By job: when incidents cost it time, so that nothing is compared with such times.
    pub disturbed: BTreeMap<String, Disturbed>,
}

/// What an open case says of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The amount that it was last shown by, in the unit of its kind.
    pub amount: f64,
    /// The last moment that showed it.
    pub shown_ns: i64,
    /// Since when it is there, by what showed it last.
    pub since_ns: i64,
    /// Since when the part is in trouble, by the case: no later than any of its evidence was first there.
    pub onset_ns: i64,
}
