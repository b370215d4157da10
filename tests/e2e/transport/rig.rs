//! What differs between the kinds of transport, so that the scenarios need not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use weft_tests::broker::Broker;
use weft_transport::{
    Delivery, Incoming, Publisher, PublisherOptions, Subscriber, SubscriberOptions, TopicLayout, TransportError,
    TransportUrl,
};

/// Generous: the machine may be busy. A scenario that needs this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 6;

/// One kind of transport, with topics of its own for one scenario.
pub struct Rig {
    url: TransportUrl,
    prefix: String,
    pub broker: Option<Broker>,
}

impl Rig {
    /// On the broker of the last scenario.
    pub fn kafka(broker: Broker) -> Rig {
        let url = TransportUrl::Kafka { bootstrap: broker.bootstrap().to_owned() };
        Rig { url, prefix: fresh_prefix(), broker: Some(broker) }
    }

    pub fn direct() -> Result<Rig> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Rig {
            url: TransportUrl::Direct { addr: format!("127.0.0.1:{port}") },
            prefix: fresh_prefix(),
            broker: None,
        })
    }

    pub fn url(&self) -> &TransportUrl {
        &self.url
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub fn bootstrap(&self) -> &str {
        self.broker.as_ref().map_or("", Broker::bootstrap)
    }

    pub fn is_kafka(&self) -> bool {
        self.broker.is_some()
    }

    pub async fn publisher(&self) -> Arc<dyn Publisher> {
        let options = PublisherOptions { topics: topics(&self.prefix), ..Default::default() };
        weft_transport::publisher(&self.url, &options).await.unwrap()
    }

    /// Alone in its group.
    pub async fn subscriber(&self) -> Box<dyn Subscriber> {
        self.subscriber_with(|_| ()).await
    }

    pub async fn subscriber_with(&self, change: impl FnOnce(&mut SubscriberOptions)) -> Box<dyn Subscriber> {
        let mut options = SubscriberOptions {
            group: format!("{}group", self.prefix),
            session_timeout: Duration::from_secs(6),
            topics: topics(&self.prefix),
            ..Default::default()
        };
        change(&mut options);
        let subscribing = async {
            loop {
                match weft_transport::subscriber(&self.url, &options).await {
                    Ok(subscriber) => return subscriber,
                    // A direct subscriber dropped just now closes its socket a moment later.
                    Err(TransportError::Io { .. }) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, subscribing).await.expect("the address is free in time")
    }
}

/// Topics that no other scenario and no other run has.
fn fresh_prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    format!("test-{since}-{}-{}.", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

pub fn topics(prefix: &str) -> TopicLayout {
    TopicLayout { prefix: prefix.to_owned(), frame_partitions: PARTITIONS, fact_partitions: 1, ..Default::default() }
}

pub async fn incoming(subscriber: &mut Box<dyn Subscriber>) -> Incoming {
    tokio::time::timeout(PATIENCE, subscriber.next()).await.expect("something comes in time").unwrap()
}

pub async fn delivery(subscriber: &mut Box<dyn Subscriber>) -> Delivery {
    loop {
        if let Incoming::Delivery(delivery) = incoming(subscriber).await {
            return delivery;
        }
    }
}

pub async fn deliveries(subscriber: &mut Box<dyn Subscriber>, count: usize) -> Vec<Delivery> {
    let mut got = Vec::new();
    while got.len() < count {
        got.push(delivery(subscriber).await);
    }
    got
}

pub async fn commit(subscriber: &mut Box<dyn Subscriber>, deliveries: &[Delivery]) {
    for delivery in deliveries {
        subscriber.commit(delivery.partition, delivery.offset + 1).await.unwrap();
    }
}

/// Waits for a condition that something in the background brings about.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"));
}
