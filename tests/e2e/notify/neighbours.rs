//! A receiver that is well beside others that are not.

use super::rig::{context, webhook};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use weft_analyzer::notify::NotifyConfig;
use weft_analyzer::route::{self, DeliveryLog, MemoryLog, RouteOptions};
use weft_judge::sample::{Changed, open};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const PATIENCE: Duration = Duration::from_secs(20);

fn named(name: &str, server: &str) -> NotifyConfig {
    NotifyConfig { name: name.into(), timeout_s: 60, ..webhook(server) }
}

/// Waits until what a receiver heard of the incident is as it should be.
async fn heard(log: &MemoryLog, receiver: &str, is_resolved: bool) {
    let is_heard = || {
        let last = log.last(receiver, "1").filter(|last| !last.unsure);
        last.is_some_and(|last| last.alert.ends_ns.is_some() == is_resolved)
    };
    let wait = async {
        while !is_heard() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{receiver} heard nothing"));
}

/// One takes the connection and never answers, nobody listens for another, a third refuses, a fourth wants an hour's
/// rest: the fifth hears of the beginning and the end, and all of them together hold up the end for seconds only.
#[tokio::test]
async fn the_trouble_of_one_receiver_delays_no_other() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hanging_url = format!("http://{}", hanging.local_addr().expect("an address"));
    let dead_url = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let answers = [
        ResponseTemplate::new(404),
        ResponseTemplate::new(429).insert_header("retry-after", "3600"),
        ResponseTemplate::new(200),
    ];
    let mut servers = Vec::new();
    for answer in answers {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        servers.push(server);
    }
    let log = Arc::new(MemoryLog::default());
    let route = route::start(RouteOptions {
        receivers: vec![
            named("hanging", &hanging_url),
            named("dead", &dead_url),
            named("refusing", &servers[0].uri()),
            named("resting", &servers[1].uri()),
            named("well", &servers[2].uri()),
        ],
        silences: Vec::new(),
        context: context(),
        log: log.clone(),
        alive: Arc::new(|| true),
    });
    let route = route.expect("a pipeline");
    route.offers().offer(&Arc::new(open("1")));
    heard(&log, "well", false).await;
    route.offers().offer(&Arc::new(open("1").resolved(30)));
    heard(&log, "well", true).await;
    let ending = Instant::now();
    route.shutdown().await;
    assert!(ending.elapsed() < Duration::from_secs(8), "{:?}", ending.elapsed());
    let requests = async |n: usize| servers[n].received_requests().await.unwrap_or_default().len();
    assert_eq!((requests(1).await, requests(2).await), (1, 2));
    for receiver in ["hanging", "dead", "refusing", "resting"] {
        assert!(log.last(receiver, "1").is_some_and(|last| last.unsure), "{receiver} is told after the next start");
    }
}
