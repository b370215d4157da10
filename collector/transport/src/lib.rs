//! How bytes get from collectors to analyzers: a Kafka cluster, or a direct connection, behind one small trait.
//!
//! ```text
//! collector: Publisher ═ kafka:  idempotent producer ═► topics ═► consumer group ═══ Subscriber :analyzer
//!                      ═ direct: one TCP connection, acknowledgements ═► Hub ═══════ Subscriber :analyzer
//!                      ═ in process: ══════════════════════════════════► Hub ═══════ Subscriber :analyzer
//! ```
//!
//! Delivery is at least once: nothing acknowledged is lost, and a message may come twice. Whoever receives drops
//! repeats by what stands in the payload (collector, boot, sequence). The guarantees and their limits:
//! `docs/transport.md`. Payloads are opaque: nothing here knows a frame.

mod config;
mod direct;
mod error;
mod files;
mod health;
mod kafka;
mod publisher;
mod stats;
mod subscriber;
mod throttle;
mod topic;
mod url;

use std::sync::Arc;

pub use config::{DIRECT_ADDR, TransportConfig, TransportKind};
pub use direct::{DirectServer, Hub, HubLimits, in_process};
pub use error::TransportError;
pub use files::raise_file_limit;
pub use health::{Cause, Health, TransportHealth, Trouble};
pub use kafka::KafkaProperties;
pub use publisher::{Publisher, PublisherOptions};
pub use stats::TransportStats;
pub use subscriber::{Delivery, Incoming, Subscriber, SubscriberOptions, UNCOMMITTED};
pub use throttle::Throttle;
pub use topic::{Topic, TopicLayout};
pub use url::TransportUrl;

/// Does not wait for the far side to be there: messages wait for it. Errors are wrong settings.
/// Needs a Tokio runtime.
pub async fn publisher(url: &TransportUrl, opts: &PublisherOptions) -> Result<Arc<dyn Publisher>, TransportError> {
    match url {
        TransportUrl::Kafka { bootstrap } => Ok(Arc::new(kafka::KafkaPublisher::new(bootstrap, opts)?)),
        TransportUrl::Direct { addr } => Ok(Arc::new(direct::DirectPublisher::new(addr, opts))),
        TransportUrl::InProcess => Err(no_address()),
    }
}

/// Kafka: does not wait for the cluster to be there. Direct: listens, and fails when the address is taken.
/// Needs a Tokio runtime.
pub async fn subscriber(url: &TransportUrl, opts: &SubscriberOptions) -> Result<Box<dyn Subscriber>, TransportError> {
    match url {
        TransportUrl::Kafka { bootstrap } => Ok(Box::new(kafka::KafkaSubscriber::new(bootstrap, opts)?)),
        TransportUrl::Direct { addr } => direct::listen(opts.listen.as_deref().unwrap_or(addr), opts.direct).await,
        TransportUrl::InProcess => Err(no_address()),
    }
}

fn no_address() -> TransportError {
    TransportError::Setting {
        key: "transport".into(),
        reason: "in-process has no address to connect to; one process makes both ends with in_process()".into(),
    }
}
