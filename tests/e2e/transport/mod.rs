//! One suite over both kinds of transport: what holds for one must hold for the other.

mod child;
mod kafka;
mod pump;
mod refusals;
mod rig;
mod rights;
mod suite;

use weft_tests::broker::Broker;

use rig::Rig;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_direct_connection() {
    suite::passes_any_bytes(&mut Rig::direct().unwrap()).await;
    suite::resumes_from_the_commit(&mut Rig::direct().unwrap()).await;
    suite::tells_the_inventory_first(&mut Rig::direct().unwrap()).await;
    suite::waits_for_the_far_side(&mut Rig::direct().unwrap()).await;
    suite::survives_a_killed_subscriber(&mut Rig::direct().unwrap()).await;
}

/// One broker for all scenarios, each with topics of its own: a start takes seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_real_kafka_broker() {
    let mut broker = Broker::start().unwrap();
    type Scenario = for<'a> fn(&'a mut Rig) -> futures::future::BoxFuture<'a, ()>;
    let scenarios: [(&str, Scenario); 13] = [
        ("passes any bytes", |rig| Box::pin(suite::passes_any_bytes(rig))),
        ("resumes from the commit", |rig| Box::pin(suite::resumes_from_the_commit(rig))),
        ("tells the inventory first", |rig| Box::pin(suite::tells_the_inventory_first(rig))),
        ("survives a killed subscriber", |rig| Box::pin(suite::survives_a_killed_subscriber(rig))),
        ("declares its partitions", |rig| Box::pin(kafka::declares_its_partitions(rig))),
        ("keeps dead letters", |rig| Box::pin(kafka::keeps_dead_letters(rig))),
        ("rewinds by the broker's clock", |rig| Box::pin(kafka::rewinds_by_the_brokers_clock(rig))),
        ("shares partitions in a group", |rig| Box::pin(kafka::shares_partitions_in_a_group(rig))),
        ("a topic that takes small messages only", |rig| Box::pin(refusals::of_large_messages(rig))),
        ("goes on after its place was deleted", |rig| Box::pin(refusals::of_a_deleted_place(rig))),
        ("a client that speaks TLS to a plain broker", |rig| Box::pin(refusals::of_another_protocol(rig))),
        ("survives a killed broker", |rig| Box::pin(kafka::survives_a_killed_broker(rig))),
        ("waits for the far side", |rig| Box::pin(suite::waits_for_the_far_side(rig))),
    ];
    for (name, scenario) in scenarios {
        let mut rig = Rig::kafka(broker);
        let start = std::time::Instant::now();
        scenario(&mut rig).await;
        eprintln!("kafka: {name}: {:.1} s", start.elapsed().as_secs_f64());
        broker = rig.broker.expect("a Kafka rig keeps its broker");
    }
}
