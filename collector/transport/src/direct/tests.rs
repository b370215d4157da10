//! The hub and its connections in one process. What must hold over Kafka too is tested in `tests/e2e/transport`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{DirectPublisher, DirectServer, Hub, HubLimits, in_process};
use crate::{Delivery, Incoming, Publisher, PublisherOptions, Subscriber, Topic, TopicLayout, TransportError};

const SOON: Duration = Duration::from_secs(10);

async fn delivery(subscriber: &mut Box<dyn Subscriber>) -> Delivery {
    loop {
        if let Incoming::Delivery(delivery) = timeout(SOON, subscriber.next()).await.unwrap().unwrap() {
            return delivery;
        }
    }
}

/// Publishes in the background; the handle ends with the acknowledgement.
fn publish(
    publisher: &Arc<dyn Publisher>,
    topic: Topic,
    payload: &'static [u8],
) -> tokio::task::JoinHandle<Result<(), TransportError>> {
    let publisher = Arc::clone(publisher);
    tokio::spawn(async move { publisher.publish(topic, "node-1", Bytes::from_static(payload)).await })
}

async fn server(limits: HubLimits) -> (Arc<Hub>, DirectServer, String) {
    let hub = Hub::new(limits);
    let server = DirectServer::bind("127.0.0.1:0", Arc::clone(&hub)).await.unwrap();
    let addr = server.local_addr().to_string();
    (hub, server, addr)
}

/// The first server's socket is closed by its aborted task, a moment after its drop.
async fn bind_again(addr: &str, hub: &Arc<Hub>) -> DirectServer {
    let bound = async {
        loop {
            match DirectServer::bind(addr, Arc::clone(hub)).await {
                Ok(server) => return server,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    timeout(SOON, bound).await.expect("the address is free again")
}

fn client(addr: &str) -> Arc<dyn Publisher> {
    Arc::new(DirectPublisher::new(addr, &PublisherOptions { timeout: SOON, ..Default::default() }))
}

#[tokio::test]
async fn a_call_ends_with_the_commit_and_not_before() {
    let (publisher, mut subscriber) = in_process(8);
    let call = publish(&publisher, Topic::Frames, b"one");
    let got = delivery(&mut subscriber).await;
    assert!(!call.is_finished(), "delivered is not yet safe");
    subscriber.commit(got.partition, got.offset + 1).await.unwrap();
    timeout(SOON, call).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_full_hub_makes_publishers_wait() {
    let (publisher, mut subscriber) = in_process(2);
    let calls: Vec<_> = (0..3).map(|_| publish(&publisher, Topic::Frames, b"x")).collect();
    while publisher.stats().lag < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(publisher.stats().lag, 2, "the third waits outside");
    let mut last = delivery(&mut subscriber).await;
    for _ in 0..2 {
        last = delivery(&mut subscriber).await;
    }
    subscriber.commit(last.partition, last.offset + 1).await.unwrap();
    for call in calls {
        timeout(SOON, call).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test]
async fn without_its_last_subscriber_a_call_fails_for_good() {
    let (publisher, mut subscriber) = in_process(8);
    let call = publish(&publisher, Topic::Frames, b"one");
    delivery(&mut subscriber).await;
    drop(subscriber);
    let error = timeout(SOON, call).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, TransportError::Closed) && !error.is_retryable());
    assert!(publisher.publish(Topic::Frames, "node-1", Bytes::new()).await.is_err());
}

#[tokio::test]
async fn the_next_subscriber_gets_what_the_last_did_not_commit() {
    let hub = Hub::new(HubLimits::default());
    let publisher = hub.publisher();
    let mut first = hub.subscribe().unwrap();
    assert!(hub.subscribe().is_err(), "one reader at a time");
    let safe = publish(&publisher, Topic::Frames, b"safe");
    let got = delivery(&mut first).await;
    first.commit(got.partition, got.offset + 1).await.unwrap();
    timeout(SOON, safe).await.unwrap().unwrap().unwrap();
    let unsafe_yet = publish(&publisher, Topic::Frames, b"taken, not committed");
    let taken = delivery(&mut first).await;
    drop(first);
    let mut second = hub.subscribe().unwrap();
    assert_eq!(delivery(&mut second).await, taken);
    second.commit(taken.partition, taken.offset + 1).await.unwrap();
    timeout(SOON, unsafe_yet).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn inventory_is_acknowledged_in_turn_and_kept_for_the_next_subscriber() {
    let hub = Hub::new(HubLimits::default());
    let publisher = hub.publisher();
    let mut first = hub.subscribe().unwrap();
    let frame = publish(&publisher, Topic::Frames, b"frame");
    let before = delivery(&mut first).await;
    let inventory = publish(&publisher, Topic::Inventory, b"ports");
    assert_eq!(delivery(&mut first).await.topic, Topic::Inventory);
    assert!(!inventory.is_finished(), "a frame before it is not safe");
    first.commit(before.partition, before.offset + 1).await.unwrap();
    for call in [frame, inventory] {
        timeout(SOON, call).await.unwrap().unwrap().unwrap();
    }
    drop(first);
    let told = delivery(&mut hub.subscribe().unwrap()).await;
    assert_eq!((told.topic, told.payload), (Topic::Inventory, Bytes::from_static(b"ports")));
}

#[tokio::test]
async fn a_reader_that_commits_late_waits_and_loses_nothing() {
    for limits in
        [HubLimits { uncommitted: 2, ..Default::default() }, HubLimits { uncommitted_bytes: 2, ..Default::default() }]
    {
        let hub = Hub::new(limits);
        let publisher = hub.publisher();
        let mut subscriber = hub.subscribe().unwrap();
        let calls: Vec<_> = (0..5).map(|_| publish(&publisher, Topic::Frames, b"x")).collect();
        let (mut offsets, mut committed) = (Vec::new(), 0);
        while committed < 5 {
            match timeout(Duration::from_millis(20), subscriber.next()).await {
                Ok(Ok(Incoming::Delivery(delivery))) => offsets.push(delivery.offset),
                Ok(told) => assert!(matches!(told, Ok(Incoming::Assigned(_))), "{told:?}"),
                // Nothing comes any more: the turn of the timer that commits.
                Err(_) => {
                    assert!(offsets.len() <= committed + 2, "no more than the limit is uncommitted");
                    committed = offsets.len();
                    subscriber.commit(0, committed as i64).await.unwrap();
                }
            }
        }
        assert_eq!(offsets, [0, 1, 2, 3, 4]);
        for call in calls {
            timeout(SOON, call).await.unwrap().unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_no_weft_client_is_closed_and_others_go_on() {
    let (hub, _server, addr) = server(HubLimits::default()).await;
    let mut subscriber = hub.subscribe().unwrap();
    let good = client(&addr);
    let first = publish(&good, Topic::Frames, b"first");
    let got = delivery(&mut subscriber).await;
    subscriber.commit(got.partition, got.offset + 1).await.unwrap();
    timeout(SOON, first).await.unwrap().unwrap().unwrap();

    let hello = super::codec::Message::Hello { version: 1, max_payload: 0, name: "odd".into() }.encode();
    let framed = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], body].concat();
    let later = |body: &[u8]| [framed(&hello), framed(body)].concat();
    let other_version = framed(b"\x00WEFT\x09");
    let oversize = [framed(&hello), 0x7fff_ffff_u32.to_be_bytes().to_vec()].concat();
    let attacks: [Vec<u8>; 6] = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        framed(b"\x16\x03\x01\x02"),
        other_version,
        oversize,
        later(b"\x07what"),
        later(b"\x01\0\0"),
    ];
    for (count, attack) in attacks.iter().enumerate() {
        let mut socket = TcpStream::connect(&addr).await.unwrap();
        socket.write_all(attack).await.unwrap();
        let mut answer = Vec::new();
        timeout(SOON, socket.read_to_end(&mut answer)).await.expect("the server closes").ok();
        while hub.stats().protocol_errors <= count as u64 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(hub.stats().protocol_errors, attacks.len() as u64);

    let second = publish(&good, Topic::Frames, b"second");
    let got = delivery(&mut subscriber).await;
    assert_eq!(got.payload, &b"second"[..]);
    subscriber.commit(got.partition, got.offset + 1).await.unwrap();
    timeout(SOON, second).await.unwrap().unwrap().unwrap();
    assert_eq!(good.stats().disconnects, 0);
}

#[tokio::test]
async fn a_message_over_the_servers_limit_fails_alone() {
    let (hub, _server, addr) = server(HubLimits { max_message_bytes: 8, ..Default::default() }).await;
    let mut subscriber = hub.subscribe().unwrap();
    let publisher = client(&addr);
    let over = publish(&publisher, Topic::Frames, b"more than eight bytes");
    let error = timeout(SOON, over).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { bytes: 21, max: 8 }), "{error}");
    let fits = publish(&publisher, Topic::Frames, b"fits");
    let got = delivery(&mut subscriber).await;
    subscriber.commit(got.partition, got.offset + 1).await.unwrap();
    timeout(SOON, fits).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_restarted_server_is_told_the_inventory_and_what_was_not_acknowledged() {
    let (hub, first_server, addr) = server(HubLimits::default()).await;
    let publisher = client(&addr);
    let mut subscriber = hub.subscribe().unwrap();
    let inventory = publish(&publisher, Topic::Inventory, b"ports");
    delivery(&mut subscriber).await;
    timeout(SOON, inventory).await.unwrap().unwrap().unwrap();
    let frame = publish(&publisher, Topic::Frames, b"taken, not committed");
    delivery(&mut subscriber).await;
    drop((subscriber, first_server, hub));

    let hub = Hub::new(HubLimits::default());
    let _server = bind_again(&addr, &hub).await;
    let mut subscriber = hub.subscribe().unwrap();
    assert_eq!(delivery(&mut subscriber).await.payload, &b"ports"[..]);
    let again = delivery(&mut subscriber).await;
    assert_eq!(again.payload, &b"taken, not committed"[..]);
    subscriber.commit(again.partition, again.offset + 1).await.unwrap();
    timeout(SOON, frame).await.unwrap().unwrap().unwrap();
    assert_eq!((publisher.stats().resent, publisher.stats().disconnects), (1, 1));
}

#[tokio::test]
async fn nobody_there_is_a_retryable_error_after_the_timeout() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let options = PublisherOptions { timeout: Duration::from_millis(50), in_flight: 1, ..Default::default() };
    let publisher = DirectPublisher::new(&closed, &options);
    let error = publisher.publish(Topic::Frames, "node-1", Bytes::new()).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains(&closed), "{error}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let topics = TopicLayout { max_message_bytes: 4, ..Default::default() };
    let publisher = DirectPublisher::new("127.0.0.1:1", &PublisherOptions { topics, ..Default::default() });
    let error = publisher.publish(Topic::Frames, "node-1", Bytes::from_static(b"12345")).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { .. }) && !error.is_retryable());
    let key = "k".repeat(2000);
    assert!(publisher.publish(Topic::Frames, &key, Bytes::new()).await.is_err());
}
