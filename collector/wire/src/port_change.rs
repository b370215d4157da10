//! What somebody did to an interface: an event, and no fault of its link.
//!
//! It travels as an `event` row of kind `change` whose text is the port's name and one of these phrases, so that a person
//! reads it, and a recorded trace keeps it: `eth2: set down by its administrator`.

use serde::{Deserialize, Serialize};

/// The `event` of such a row.
const EVENT: &str = "change";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortChange {
    /// IFF_UP was cleared: `ip link set eth2 down`.
    AdminDown,
    AdminUp,
    /// The interface is no more: a container ended, a driver was unloaded or crashed.
    Removed,
    /// It lives on in another network namespace: given to a container.
    Moved,
    /// It lives on under another name.
    Renamed,
}

impl PortChange {
    pub const ALL: [PortChange; 5] =
        [PortChange::AdminDown, PortChange::AdminUp, PortChange::Removed, PortChange::Moved, PortChange::Renamed];

    pub const fn event(self) -> &'static str {
        EVENT
    }

    /// Said of the port: "… was", without its name.
    pub const fn phrase(self) -> &'static str {
        match self {
            PortChange::AdminDown => "set down by its administrator",
            PortChange::AdminUp => "set up by its administrator",
            PortChange::Removed => "removed from its device",
            PortChange::Moved => "moved to another network namespace",
            PortChange::Renamed => "given another name",
        }
    }

    /// Text of the row.
    pub fn text(self, port: &str) -> String {
        format!("{port}: {}", self.phrase())
    }

    /// What an `event` row says; `None` for one about anything else. What stands behind the phrase is for people alone.
    pub fn read(event: &str, text: &str) -> Option<PortChange> {
        let (_, said) = text.split_once(": ").filter(|_| event == EVENT)?;
        PortChange::ALL.into_iter().find(|change| said.starts_with(change.phrase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written_and_other_events_are_none() {
        for change in PortChange::ALL {
            let text = change.text("mlx5_4/1");
            assert_eq!(PortChange::read(change.event(), &text), Some(change), "{text}");
            assert_eq!(PortChange::read(change.event(), &format!("{text} (rail9)")), Some(change), "{text}");
            assert_eq!(PortChange::read("maintenance", &text), None, "{text}");
        }
        for other in ["", "eth2", "eth2: firmware 28.42", "removed from its device", "eth2: removed"] {
            assert_eq!(PortChange::read("change", other), None, "{other:?}");
        }
    }
}
