//! What a broker may refuse or take away, and what an operator mends while everything runs.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use weft_transport::{Cause, Health, KafkaProperties, PublisherOptions, Topic, TransportError};

use super::rig::{Rig, commit, deliveries, topics, until};

fn admin(rig: &Rig) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", rig.bootstrap()).create().unwrap()
}

/// What stands for a cause now.
pub fn sentence(health: &Health, cause: Cause) -> Option<String> {
    health.state().troubles.into_iter().find(|trouble| trouble.cause == cause).map(|trouble| trouble.sentence)
}

/// Bytes that no codec makes shorter.
fn noise(bytes: usize, seed: u64) -> bytes::Bytes {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect::<Vec<u8>>().into()
}

/// A topic's limit below a message: the others pass, also where their batch would be too large; named with topic and
/// setting; it passes once the limit is raised.
pub async fn of_large_messages(rig: &mut Rig) {
    let name = format!("{}weft.v1.frames", rig.prefix());
    // Made by somebody with a limit of their own, before weft comes and would make it.
    let small = NewTopic::new(&name, 4, TopicReplication::Fixed(1)).set("max.message.bytes", "700");
    let made = admin(rig).create_topics([&small], &AdminOptions::new()).await.unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let publisher = rig.publisher().await;
    let mut reader = rig.subscriber_with(|options| options.group.push_str("-2")).await;
    let large = noise(3_000, 1);
    let refused = publisher.publish(Topic::Frames, "node-1", large.clone()).await.unwrap_err();
    assert!(matches!(refused, TransportError::Refused { bytes: 3_000, .. }), "{refused}");
    assert!(refused.is_retryable());
    let said = sentence(&publisher.health(), Cause::Refused).unwrap();
    assert!(said.contains(&name) && said.contains("max.message.bytes"), "{said}");

    // One collector's: one partition, and so one batch.
    let calls = (0..20).map(|seed| publisher.publish(Topic::Frames, "node-1", noise(200, seed)));
    futures::future::try_join_all(calls).await.unwrap();
    assert_eq!(deliveries(&mut reader, 20).await.len(), 20);

    let raise = AlterConfig::new(ResourceSpecifier::Topic(&name)).set("max.message.bytes", "1000000");
    let raised = admin(rig).alter_configs(&[raise], &AdminOptions::new()).await.unwrap();
    assert!(raised.iter().all(Result::is_ok), "{raised:?}");
    loop {
        match publisher.publish(Topic::Frames, "node-1", large.clone()).await {
            Ok(()) => break,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(deliveries(&mut reader, 1).await[0].payload, large);
}

/// Retention has passed the committed place: on with what there is.
pub async fn of_a_deleted_place(rig: &mut Rig) {
    let publisher = rig.publisher().await;
    let mut reader = rig.subscriber().await;
    for number in 0..10u8 {
        publisher.publish(Topic::Frames, "node-7", vec![number].into()).await.unwrap();
    }
    let got = deliveries(&mut reader, 10).await;
    commit(&mut reader, &got[..4]).await;
    drop(reader);
    let mut upto = TopicPartitionList::new();
    let name = format!("{}weft.v1.frames", rig.prefix());
    upto.add_partition_offset(&name, got[0].partition, Offset::Offset(8)).unwrap();
    admin(rig).delete_records(&upto, &AdminOptions::new()).await.unwrap();
    for rewind in [None, Some(Duration::from_secs(3600))] {
        let mut reader = rig.subscriber_with(|options| options.rewind = rewind).await;
        let left: Vec<u8> = deliveries(&mut reader, 2).await.iter().map(|delivery| delivery.payload[0]).collect();
        assert_eq!(left, [8, 9], "rewind {rewind:?}");
        assert_eq!(reader.health().state().troubles, []);
    }
}

/// TLS spoken to a broker that speaks plainly: waited for, and said with the address and what was seen.
pub async fn of_another_protocol(rig: &mut Rig) {
    let mut kafka = KafkaProperties::default();
    kafka.set("security.protocol", "ssl");
    let options =
        PublisherOptions { topics: topics(rig.prefix()), kafka, timeout: Duration::from_secs(2), ..Default::default() };
    let publisher = weft_transport::publisher(rig.url(), &options).await.unwrap();
    until("it is said", || sentence(&publisher.health(), Cause::Unreachable).is_some_and(|said| said.contains("SSL")))
        .await;
    let health = publisher.health().state();
    assert!(!health.connected);
    let said = health.reason().unwrap();
    assert!(said.contains(&format!("no broker answers at {}", rig.bootstrap())), "{said}");
    let error = publisher.publish(Topic::Frames, "node-1", "x".into()).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("SSL"), "{error}");
}
