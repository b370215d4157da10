//! A cluster that gives rights one by one: each role waits, says which it lacks, and goes on once it has it.

use std::sync::Arc;
use std::time::Duration;

use weft_tests::acl::{Admin, Operation, Resource};
use weft_tests::broker::Broker;
use weft_transport::{
    Cause, Health, KafkaProperties, Publisher, PublisherOptions, Subscriber, SubscriberOptions, Topic, TransportUrl,
};

use super::refusals::sentence;
use super::rig::{deliveries, topics, until};

const PREFIX: &str = "hall3.";
const GROUP: &str = "night-shift";
const USER: &str = "fabric";
const PASSWORD: &str = "hunter2-of-the-fabric";

const PROPERTIES: &str = r#"
listeners=CLIENT://127.0.0.1:@PORT@,CONTROLLER://127.0.0.1:@CONTROLLER_PORT@
advertised.listeners=CLIENT://127.0.0.1:@PORT@
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="root" password="root-secret" user_root="root-secret" user_fabric="hunter2-of-the-fabric";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:root;User:ANONYMOUS
"#;

fn properties(password: &str) -> KafkaProperties {
    let mut kafka = KafkaProperties::default();
    kafka.set("security.protocol", "SASL_PLAINTEXT");
    kafka.set("sasl.mechanism", "PLAIN");
    kafka.set("sasl.username", USER);
    kafka.set("sasl.password", password);
    kafka
}

async fn publisher(url: &TransportUrl, password: &str) -> Arc<dyn Publisher> {
    let (topics, kafka) = (topics(PREFIX), properties(password));
    let options = PublisherOptions { topics, kafka, timeout: Duration::from_secs(5), ..Default::default() };
    weft_transport::publisher(url, &options).await.unwrap()
}

async fn subscriber(url: &TransportUrl) -> Box<dyn Subscriber> {
    let (topics, kafka) = (topics(PREFIX), properties(PASSWORD));
    let options = SubscriberOptions { group: GROUP.into(), topics, kafka, ..Default::default() };
    weft_transport::subscriber(url, &options).await.unwrap()
}

/// Everything a role waits for, as text; never a secret.
fn all(health: &Health) -> String {
    let text: String = health.state().troubles.iter().map(|trouble| format!("{trouble}\n")).collect();
    assert!(!text.contains(PASSWORD) && !text.contains("root-secret"), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_rights_are_waited_for_by_name() {
    let broker = Broker::start_with(PROPERTIES).unwrap();
    let url = TransportUrl::Kafka { bootstrap: broker.bootstrap().to_owned() };
    let admin = Admin { bootstrap: broker.bootstrap(), user: "root", password: "root-secret" };
    let [frames, inventory] = ["weft.v1.frames", "weft.v1.inventory"].map(|name| format!("{PREFIX}{name}"));

    let stranger = publisher(&url, "wrong").await;
    until("a wrong password is said", || sentence(&stranger.health(), Cause::Unauthenticated).is_some()).await;
    let said = all(&stranger.health());
    assert!(said.contains("authentication failed (user fabric)") && !said.contains("wrong"), "{said}");
    drop(stranger);

    let (publisher, mut subscriber) = (publisher(&url, PASSWORD).await, subscriber(&url).await);
    let (writes, reads) = (publisher.health(), subscriber.health());
    for (health, right) in [(&writes, "WRITE"), (&reads, "READ")] {
        for topic in [&frames, &inventory] {
            let lacks = format!("not authorized: this client (user fabric) lacks {right} on topic {topic}");
            until(&lacks, || all(health).contains(&lacks)).await;
        }
    }

    // The right to see a topic is the right to use it: an operator who gives both has them made by somebody else.
    make_topics(&url, &admin).await;
    for topic in [&frames, &inventory] {
        admin.grant(USER, Operation::Read, Resource::Topic(topic)).unwrap();
    }
    let lacks = format!("lacks READ on group {GROUP}");
    until(&lacks, || all(&reads).contains(&lacks)).await;
    assert!(!all(&reads).contains("topic"), "{}", all(&reads));

    // It may be read now and so be seen, but not be written to.
    let lacks = format!("lacks WRITE on topic {frames}");
    let refused = publisher.publish(Topic::Frames, "node-4", "too soon".into()).await.unwrap_err();
    assert!(refused.is_retryable(), "{refused}");
    until(&lacks, || all(&writes).contains("not authorized")).await;

    admin.grant(USER, Operation::Read, Resource::Group(GROUP)).unwrap();
    for topic in [&frames, &inventory] {
        admin.grant(USER, Operation::Write, Resource::Topic(topic)).unwrap();
    }
    let sending = async {
        while let Err(error) = publisher.publish(Topic::Frames, "node-4", "at last".into()).await {
            assert!(error.is_retryable(), "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (got, ()) = tokio::join!(deliveries(&mut subscriber, 1), sending);
    assert_eq!(got[0].payload, &b"at last"[..]);
    assert_eq!((all(&reads), all(&writes)), (String::new(), String::new()));
}

/// As an operator would, with rights of their own.
async fn make_topics(url: &TransportUrl, admin: &Admin<'_>) {
    let mut kafka = properties(admin.password);
    kafka.set("sasl.username", admin.user);
    let options = PublisherOptions { topics: topics(PREFIX), kafka, ..Default::default() };
    let operator = weft_transport::publisher(url, &options).await.unwrap();
    // Made together with those that it writes to from the start.
    operator.publish(Topic::DeadLetter, "nobody", "".into()).await.unwrap();
}
