//! Notifiers: each knows one receiver's protocol and says of a failure whether to try again. When, to whom and what is said
//! is decided by whoever uses them.
//!
//! To add one: a file beside these that defines its `PROTOCOL`, and its row in `protocols!`.

mod alert;
mod config;
mod endpoint;
mod kinds;
mod labels;
mod notifier;
mod places;
mod post;
mod retry_after;

pub use alert::{Alert, Context, Links, Status, is_same_news};
pub use config::{NotifyConfig, check};
pub use endpoint::Endpoint;
pub use kinds::NotifyKind;
pub use labels::{AlertsConfig, Labels};
pub use notifier::{Batch, Fault, Notifier, Protocol, SendError, Target};
pub use places::Places;

macro_rules! protocols {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+

        /// The protocols that weft speaks.
        pub const PROTOCOLS: &[&Protocol] = &[$(&$module::PROTOCOL),+];
    };
}

protocols! {
    alertmanager,
    webhook,
}
