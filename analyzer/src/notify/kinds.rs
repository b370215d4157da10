//! A protocol as the configuration names it.

use super::PROTOCOLS;
use super::notifier::Protocol;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// One of [`PROTOCOLS`], by its name.
#[derive(Clone, Copy)]
pub struct NotifyKind(&'static Protocol);

impl NotifyKind {
    pub fn named(name: &str) -> Option<NotifyKind> {
        PROTOCOLS.iter().find(|protocol| protocol.name == name).map(|protocol| NotifyKind(protocol))
    }

    pub fn protocol(self) -> &'static Protocol {
        self.0
    }
}

impl PartialEq for NotifyKind {
    fn eq(&self, other: &NotifyKind) -> bool {
        self.0.name == other.0.name
    }
}

impl fmt::Debug for NotifyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for NotifyKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for NotifyKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NotifyKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = || PROTOCOLS.iter().map(|protocol| format!("`{}`", protocol.name)).collect::<Vec<_>>().join(" or ");
        NotifyKind::named(&name).ok_or_else(|| D::Error::custom(format!("unknown kind `{name}`, expected {}", known())))
    }
}
