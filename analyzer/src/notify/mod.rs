//! Notifiers: each knows one receiver's protocol and says of a failure whether to try again. When, to whom and what is said
//! is decided by whoever uses them.
//!
//! To add one: a file beside these that defines its `PROTOCOL`, and its row in [`PROTOCOLS`].

mod alert;
mod alertmanager;
mod config;
mod endpoint;
mod kinds;
mod labels;
mod notifier;
mod places;
mod post;
mod retry_after;
mod webhook;

pub use alert::{Alert, Context, Links, Status, is_same_news};
pub use config::{NotifyConfig, check};
pub use endpoint::Endpoint;
pub use kinds::{NotifyKind, PROTOCOLS};
pub use labels::{AlertsConfig, Labels};
pub use notifier::{Batch, Fault, Notifier, Protocol, SendError, Target};
pub use places::Places;
