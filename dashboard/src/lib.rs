//! The web page of weft and the server of it. Speaks to the analyzer's HTTP API only.
//!
//! - [`router`]: the page alone, for a process that serves the API under the same origin (`weft up`).
//! - [`proxy_router`]: the API of an analyzer elsewhere, forwarded, so that the page keeps to its own origin.
//! - [`cli`]: `weft dashboard`, both of them behind the checks of Host and Origin.

mod assets;
pub mod cli;
mod config;
mod headers;
mod proxy;

pub use assets::router;
pub use config::{Config, DashboardConfig, HttpConfig};
pub use proxy::proxy_router;
