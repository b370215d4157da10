//! The number behind a fact, as people and scripts read it. Nothing judges by this: kinds have typed payloads.

use serde::{Deserialize, Serialize};

/// A number, and what it was compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The counter or quantity: a catalogue name, or a derived one such as `onset_lateness`.
    pub counter: String,
    pub value: f64,
    pub unit: String,
    /// What `value` was compared with …
    pub reference: f64,
    /// … and whose it is: `plan`, `peers`, `itself before`, `far end`.
    pub reference_of: String,
}

impl Evidence {
    pub fn new(counter: &str, (value, unit): (f64, &str), (reference, reference_of): (f64, &str)) -> Evidence {
        Evidence {
            counter: counter.to_owned(),
            value,
            unit: unit.to_owned(),
            reference,
            reference_of: reference_of.to_owned(),
        }
    }
}
