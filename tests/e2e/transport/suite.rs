//! What holds over every kind of transport.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use weft_transport::{PublisherOptions, Topic, TransportError, UNCOMMITTED};

use super::child::{ChildSubscriber, Told};
use super::pump::Pump;
use super::rig::{PATIENCE, Rig, commit, deliveries, topics, until};

/// Payloads are opaque: what no decoder would take arrives as it was sent, and stops nothing after it.
pub async fn passes_any_bytes(rig: &mut Rig) {
    let mut subscriber = rig.subscriber().await;
    let publisher = rig.publisher().await;
    let poison: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![0xff; 64],
        b"\0WEFT\x01 looks like a hello".to_vec(),
        (0..1_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
        b"after all that".to_vec(),
    ];
    let sending = async {
        for payload in &poison {
            publisher.publish(Topic::Frames, "node-1", payload.clone().into()).await.unwrap();
        }
    };
    let receiving = async {
        for payload in &poison {
            let got = deliveries(&mut subscriber, 1).await;
            assert_eq!((got[0].key.as_str(), &got[0].payload[..]), ("node-1", &payload[..]));
            commit(&mut subscriber, &got).await;
        }
    };
    tokio::join!(sending, receiving);

    let over = vec![0; topics("").max_message_bytes + 1];
    let error = publisher.publish(Topic::Frames, "node-1", over.into()).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { .. }) && !error.is_retryable(), "{error}");
    assert_eq!(publisher.stats().acknowledged, poison.len() as u64);
}

/// Committed: never again. Delivered and not committed: again. In the order of a key.
pub async fn resumes_from_the_commit(rig: &mut Rig) {
    let publisher = rig.publisher().await;
    let mut calls = tokio::task::JoinSet::new();
    let mut first = rig.subscriber().await;
    let mut seen = Vec::new();
    for sequence in 0..10_u8 {
        let publisher = publisher.clone();
        calls.spawn(async move { publisher.publish(Topic::Frames, "node-1", vec![sequence].into()).await });
        // Delivered before the next is sent, so that the order is known.
        seen.extend(deliveries(&mut first, 1).await);
    }
    commit(&mut first, &seen[..6]).await;
    // A direct commit is safe when the sender knows of it: before that it sends again, as after any broken connection.
    until("six are acknowledged", || publisher.stats().acknowledged >= 6).await;
    drop(first);

    let mut second = rig.subscriber().await;
    let again = deliveries(&mut second, 4).await;
    let numbers: Vec<u8> = again.iter().map(|delivery| delivery.payload[0]).collect();
    assert_eq!(numbers, [6, 7, 8, 9]);
    commit(&mut second, &again).await;
    tokio::time::timeout(PATIENCE, calls.join_all()).await.unwrap().into_iter().for_each(|ended| ended.unwrap());
}

/// A subscriber knows what ports mean before it sees what they count.
pub async fn tells_the_inventory_first(rig: &mut Rig) {
    let publisher = rig.publisher().await;
    let mut before = rig.subscriber().await;
    let (sender, told) = (publisher.clone(), 6);
    let sending = tokio::spawn(async move {
        for (key, payload) in [("a", "old"), ("b", "b"), ("a", "new")] {
            sender.publish(Topic::Frames, key, "frame".into()).await.unwrap();
            sender.publish(Topic::Inventory, key, payload.into()).await.unwrap();
        }
    });
    let mut inventories = 0;
    for _ in 0..told {
        let got = deliveries(&mut before, 1).await;
        inventories += usize::from(got[0].topic == Topic::Inventory);
        assert_eq!(got[0].topic == Topic::Inventory, got[0].partition == UNCOMMITTED);
        commit(&mut before, &got).await;
    }
    assert_eq!(inventories, 3, "changes are told as they come");
    sending.await.unwrap();
    drop(before);

    // Over a direct connection the next subscriber is another process: the publisher tells it all again.
    let mut later = rig.subscriber().await;
    let last = tokio::spawn(async move { publisher.publish(Topic::Frames, "a", "last frame".into()).await });
    let mut known = BTreeMap::new();
    let frame = loop {
        let delivery = deliveries(&mut later, 1).await.remove(0);
        match delivery.topic {
            Topic::Inventory => drop(known.insert(delivery.key, delivery.payload)),
            _ => break delivery,
        }
    };
    assert_eq!(frame.payload, &b"last frame"[..]);
    assert_eq!(known.into_values().collect::<Vec<_>>(), [&b"new"[..], b"b"]);
    commit(&mut later, &[frame]).await;
    last.await.unwrap().unwrap();
}

/// A collector may start before there is anybody to speak to: its messages wait, or come back to be spooled.
pub async fn waits_for_the_far_side(rig: &mut Rig) {
    if let Some(broker) = &mut rig.broker {
        if !broker.can_kill() {
            eprintln!("SKIPPED waits_for_the_far_side: the broker of KAFKA_BOOTSTRAP cannot be stopped");
            return;
        }
        broker.kill().unwrap();
    }
    let hasty = PublisherOptions {
        timeout: Duration::from_millis(300),
        topics: topics(rig.prefix()),
        in_flight: 4,
        ..Default::default()
    };
    let hasty = weft_transport::publisher(rig.url(), &hasty).await.unwrap();
    let error = hasty.publish(Topic::Frames, "node-1", "spool me".into()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(hasty.stats().failed, 1);

    let publisher = rig.publisher().await;
    let waiting = tokio::spawn(async move { publisher.publish(Topic::Frames, "node-1", "patient".into()).await });
    if let Some(broker) = &mut rig.broker {
        broker.restart().unwrap();
    }
    let mut subscriber = rig.subscriber().await;
    loop {
        let got = deliveries(&mut subscriber, 1).await;
        commit(&mut subscriber, &got).await;
        if got[0].payload == b"patient"[..] {
            break;
        }
    }
    waiting.await.unwrap().unwrap();
}

/// SIGKILL in mid-stream and another process in its place. Over a direct connection this is also the far side's death.
pub async fn survives_a_killed_subscriber(rig: &mut Rig) {
    let child = ChildSubscriber::start(rig).unwrap();
    let publisher = rig.publisher().await;
    let pump = Pump::start(&publisher, 5, 2_000);
    until("a tenth is acknowledged and some committed", || {
        pump.acknowledged() > pump.total / 10 && child.told().iter().any(|told| matches!(told, Told::Committed { .. }))
    })
    .await;
    let first = child.kill();
    let child = ChildSubscriber::start(rig).unwrap();
    let total = pump.total;
    pump.finish().await;
    let all = |told: &[Told]| distinct(first.iter().chain(told)).len();
    until("all that was acknowledged is delivered", || all(&child.told()) >= total).await;
    let second = child.kill();
    assert_eq!(all(&second), total);
    if rig.is_kafka() {
        begins_at_the_commit(&first, &second);
    }
    report(rig, "subscriber killed", total, first.iter().chain(&second));
}

/// Each partition went on exactly where the last commit that went through left it.
fn begins_at_the_commit(first: &[Told], second: &[Told]) {
    let mut committed = BTreeMap::new();
    for told in first {
        if let Told::Committed { partition, next_offset } = told {
            committed.insert(*partition, *next_offset);
        }
    }
    for (partition, next_offset) in committed {
        let begins = second.iter().find_map(|told| match told {
            Told::Delivery { partition: of, offset, .. } if *of == partition => Some(*offset),
            _ => None,
        });
        // A commit may have gone through in the instant before the kill, untold.
        assert!(begins.is_none_or(|begins| begins >= next_offset), "partition {partition} went back");
    }
}

/// (key, sequence) of what was delivered.
pub fn distinct<'a>(told: impl Iterator<Item = &'a Told>) -> BTreeSet<(&'a str, u64)> {
    told.filter_map(|told| match told {
        Told::Delivery { key, sequence, .. } => Some((key.as_str(), *sequence)),
        Told::Committed { .. } => None,
    })
    .collect()
}

/// Payloads were compared by the child, so a repeat is known by key and sequence: that is what an analyzer drops by.
pub fn report<'a>(rig: &Rig, what: &str, total: usize, told: impl Iterator<Item = &'a Told>) {
    let delivered = told.filter(|told| matches!(told, Told::Delivery { .. })).count();
    let kind = if rig.is_kafka() { "kafka" } else { "direct" };
    eprintln!("{kind}: {what}: {total} acknowledged, 0 lost, {} delivered twice", delivered - total);
}
