//! The event stream, read as a browser reads it.

use super::Server;
use super::model::Memory;
use futures::StreamExt;
use std::time::Duration;
use weft_analyzer::feed::RING;
use weft_judge::sample::open;

/// `event id` of each of the next `n` events.
async fn next(response: reqwest::Response, n: usize) -> Vec<String> {
    let mut bytes = response.bytes_stream();
    let mut text = String::new();
    let read = async {
        while text.matches("\n\n").count() < n {
            let chunk = bytes.next().await.expect("the stream goes on").expect("no error");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("events come");
    text.split("\n\n").filter(|event| !event.is_empty()).map(name_and_id).take(n).collect()
}

fn name_and_id(event: &str) -> String {
    let field =
        |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    format!("{} {}", field("event:"), field("id:")).trim().to_owned()
}

async fn connect(server: &Server, last: Option<u64>) -> reqwest::Response {
    let mut request = server.client.get(format!("{}/api/v1/events", server.url));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

#[tokio::test]
async fn a_reader_that_was_away_resumes_by_number() {
    let server = Server::start(Memory::default()).await;
    for id in ["a", "b", "c"] {
        server.feed.publish(open(id));
    }
    let (fresh, back) = (connect(&server, None).await, connect(&server, Some(1)).await);
    server.feed.publish(open("d"));
    assert_eq!(next(fresh, 1).await, ["incident 4"]);
    assert_eq!(next(back, 3).await, ["incident 2", "incident 3", "incident 4"]);
}

#[tokio::test]
async fn a_reader_that_lost_something_is_told() {
    let server = Server::start(Memory::default()).await;
    for n in 0..RING + 10 {
        server.feed.publish(open(&n.to_string()));
    }
    let late = next(connect(&server, Some(5)).await, 2).await;
    assert_eq!(late, ["reset 10", "incident 11"]);
    // A number of the future is of another process' count.
    let future = connect(&server, Some(1_000_000)).await;
    assert_eq!(next(future, 1).await, [format!("reset {}", RING + 10)]);
}

#[tokio::test]
async fn streams_end_with_the_server() {
    let server = Server::start(Memory::default()).await;
    let stream = connect(&server, None).await;
    server.stop.cancel();
    let rest = tokio::time::timeout(Duration::from_secs(10), stream.bytes()).await;
    assert!(rest.expect("the stream ends").expect("in order").is_empty());
}
