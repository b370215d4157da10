//! What only a broker can do.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use weft_transport::{Incoming, Subscriber, Topic};

use super::child::ChildSubscriber;
use super::pump::Pump;
use super::rig::{PATIENCE, Rig, commit, deliveries, incoming, until};
use super::suite::{distinct, report};

/// The broker would create topics by itself with one partition; weft asks for its own number before anything else does.
pub async fn declares_its_partitions(rig: &mut Rig) {
    let mut subscriber = rig.subscriber().await;
    assert_eq!(incoming(&mut subscriber).await, Incoming::Assigned((0..6).collect()));
    let facts = rig.subscriber_with(|options| {
        options.topic = Topic::Facts;
        options.group.push_str("-facts");
    });
    assert_eq!(incoming(&mut facts.await).await, Incoming::Assigned(vec![0]));
}

/// What could not be read stays for a person to look at, byte for byte.
pub async fn keeps_dead_letters(rig: &mut Rig) {
    let publisher = rig.publisher().await;
    publisher.publish(Topic::DeadLetter, "node-1", vec![0xff, 0, 1].into()).await.unwrap();
    let mut reader = rig
        .subscriber_with(|options| {
            options.topic = Topic::DeadLetter;
            options.inventory = false;
        })
        .await;
    let got = deliveries(&mut reader, 1).await.remove(0);
    assert_eq!((got.topic, got.key.as_str(), &got.payload[..]), (Topic::DeadLetter, "node-1", &[0xff, 0, 1][..]));
}

/// A commit remembers when its message came, so a restart finds the window before it, whatever the clock says now.
pub async fn rewinds_by_the_brokers_clock(rig: &mut Rig) {
    let publisher = rig.publisher().await;
    publisher.publish(Topic::Frames, "node-1", "long ago".into()).await.unwrap();
    // The one thing here that must take time: the two messages lie apart by more than the window.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    publisher.publish(Topic::Frames, "node-1", "just now".into()).await.unwrap();
    let mut first = rig.subscriber().await;
    let got = deliveries(&mut first, 2).await;
    commit(&mut first, &got).await;
    drop(first);
    publisher.publish(Topic::Frames, "node-1", "since".into()).await.unwrap();

    for (window_ms, expected) in [(3_600_000, "long ago"), (1_000, "just now")] {
        let mut restarted = rig.subscriber_with(|o| o.rewind = Some(Duration::from_millis(window_ms))).await;
        assert_eq!(deliveries(&mut restarted, 1).await[0].payload, expected.as_bytes(), "window {window_ms} ms");
    }
    let mut without = rig.subscriber().await;
    assert_eq!(deliveries(&mut without, 1).await[0].payload, &b"since"[..]);
}

/// Two members hold all partitions between them; when one goes, the other is told what it takes over.
pub async fn shares_partitions_in_a_group(rig: &mut Rig) {
    let mut one = rig.subscriber().await;
    let all: BTreeSet<i32> = (0..6).collect();
    let mut held = BTreeSet::new();
    settle(&mut one, &mut held, |held| *held == all).await;
    let mut other = rig.subscriber().await;
    let mut others = BTreeSet::new();
    tokio::join!(
        settle(&mut one, &mut held, |held| held.len() == 3),
        settle(&mut other, &mut others, |o| o.len() == 3)
    );
    assert!(held.is_disjoint(&others));
    drop(other);
    settle(&mut one, &mut held, |held| *held == all).await;
}

/// Follows the changes of assignment until it is as it should be.
async fn settle(subscriber: &mut Box<dyn Subscriber>, held: &mut BTreeSet<i32>, done: impl Fn(&BTreeSet<i32>) -> bool) {
    while !done(held) {
        match incoming(subscriber).await {
            Incoming::Assigned(partitions) => held.extend(partitions),
            Incoming::Revoked(partitions) => held.retain(|partition| !partitions.contains(partition)),
            Incoming::Delivery(_) => {}
        }
    }
}

/// SIGKILL to the broker in mid-stream, then the same broker again: nothing acknowledged is lost, the rest goes on.
pub async fn survives_a_killed_broker(rig: &mut Rig) {
    if !rig.broker.as_ref().is_some_and(|broker| broker.can_kill()) {
        eprintln!("SKIPPED survives_a_killed_broker: the broker of KAFKA_BOOTSTRAP is not this test's to kill");
        return;
    }
    let child = ChildSubscriber::start(rig).unwrap();
    let publisher = rig.publisher().await;
    let pump = Pump::start(&publisher, 5, 4_000);
    until("a tenth is acknowledged", || pump.acknowledged() > pump.total / 10).await;
    let broker = rig.broker.as_mut().expect("checked above");
    broker.kill().unwrap();
    assert!(pump.acknowledged() < pump.total, "killed in mid-stream");
    let (killed, before) = (Instant::now(), pump.acknowledged());
    tokio::task::block_in_place(|| broker.restart()).unwrap();
    let answered = killed.elapsed();
    // Calls acknowledged before the kill may still be counted in its first moments.
    until("messages are acknowledged again", || pump.acknowledged() > before + 256).await;
    eprintln!(
        "kafka: the killed broker answers after {:.1} s, messages flow again after {:.1} s",
        answered.as_secs_f64(),
        killed.elapsed().as_secs_f64()
    );
    let total = pump.total;
    tokio::time::timeout(PATIENCE, pump.finish()).await.expect("the rest is acknowledged");
    until("all that was acknowledged is delivered", || distinct(child.told().iter()).len() >= total).await;
    report(rig, "broker killed", total, child.kill().iter());
}
