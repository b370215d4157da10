//! How parts of a fabric are called in everything that is written down.

use serde::{Deserialize, Serialize};

/// A device and one of its ports; the port is empty when the whole device is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortRef {
    pub device: String,
    pub port: String,
}

impl PortRef {
    pub fn new(device: impl Into<String>, port: impl Into<String>) -> Self {
        PortRef { device: device.into(), port: port.into() }
    }
}
