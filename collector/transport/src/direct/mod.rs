//! Without a broker: a bounded queue in the analyzer's process, fed by calls or by TCP connections.

mod client;
mod codec;
mod in_process;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use client::DirectPublisher;
pub use in_process::{Hub, HubLimits, in_process};
pub use server::DirectServer;

use async_trait::async_trait;

use crate::{Incoming, Subscriber, TransportError, TransportStats};

/// A subscriber that listens on its own: the hub, its server and its only reader as one.
pub(crate) async fn listen(addr: &str, limits: HubLimits) -> Result<Box<dyn Subscriber>, TransportError> {
    let hub = Hub::new(limits);
    let server = DirectServer::bind(addr, Arc::clone(&hub)).await?;
    let inner = hub.subscribe()?;
    Ok(Box::new(Listening { inner, _server: server }))
}

struct Listening {
    inner: Box<dyn Subscriber>,
    _server: DirectServer,
}

#[async_trait]
impl Subscriber for Listening {
    async fn next(&mut self) -> Result<Incoming, TransportError> {
        self.inner.next().await
    }

    async fn commit_all(&mut self, positions: &[(i32, i64)]) -> Result<(), TransportError> {
        self.inner.commit_all(positions).await
    }

    fn stats(&self) -> TransportStats {
        self.inner.stats()
    }
}
