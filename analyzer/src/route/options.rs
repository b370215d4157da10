//! What the pipeline is started with.

use super::log::DeliveryLog;
use super::silence::SilenceConfig;
use crate::notify::{Context, NotifyConfig};
use std::collections::BTreeSet;
use std::sync::Arc;

/// True while weft sees its fabric: the dead-man alert is sent only then.
pub type Alive = Arc<dyn Fn() -> bool + Send + Sync>;

/// Of the incidents that an earlier run knew, the ids of those that are not over; `None` before they are offered.
pub(super) type Known = Option<Arc<BTreeSet<String>>>;

pub struct RouteOptions {
    pub receivers: Vec<NotifyConfig>,
    pub silences: Vec<SilenceConfig>,
    pub context: Context,
    pub log: Arc<dyn DeliveryLog>,
    pub alive: Alive,
}
