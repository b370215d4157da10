use super::*;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures::StreamExt;
use std::convert::Infallible;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn proxied(analyzer: Router) -> String {
    let url = serve(analyzer).await;
    serve(proxy_router(&url).expect("a proxy")).await
}

#[tokio::test]
async fn requests_and_errors_pass_whole() {
    let echo = |request: Request| async move {
        let headers = request.headers().clone();
        let origin = headers.contains_key(header::ORIGIN) || headers.contains_key(header::COOKIE);
        let query = request.uri().query().unwrap_or("").to_owned();
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
        (StatusCode::REQUEST_TIMEOUT, format!("{query} {} {origin}", String::from_utf8_lossy(&body)))
    };
    let url = proxied(Router::new().route("/api/v1/sql", post(echo))).await;
    let request =
        reqwest::Client::builder().no_proxy().build().expect("a client").post(format!("{url}/api/v1/sql?a=%20b"));
    let answer =
        request.header("origin", url).header("cookie", "c=d").body("select 1").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.text().await.expect("a text"), "a=%20b select 1 false");
}

/// The second event is sent only after the first was received through the proxy: a proxy that buffers hangs here.
#[tokio::test]
async fn events_arrive_as_they_are_sent() {
    let (sender, receiver) = mpsc::channel::<String>(1);
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(Some(receiver)));
    let events =
        move |headers: HeaderMap| {
            let receiver = receiver.clone();
            async move {
                let last = headers["last-event-id"].to_str().expect("an id").to_owned();
                let receiver = receiver.lock().await.take().expect("one connection");
                let events = futures::stream::unfold(receiver, |mut receiver| async move {
                    Some((receiver.recv().await?, receiver))
                });
                Sse::new(events.map(move |text| Ok::<_, Infallible>(Event::default().id(last.clone()).data(text))))
            }
        };
    let url = proxied(Router::new().route("/api/v1/events", get(events))).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    sender.send("one".into()).await.expect("a listener");
    let answer =
        client.get(format!("{url}/api/v1/events")).header("last-event-id", "7").send().await.expect("an answer");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = answer.bytes_stream();
    for text in ["one", "two"] {
        let chunk = stream.next().await.expect("a chunk").expect("no error");
        assert_eq!(String::from_utf8_lossy(&chunk), format!("id: 7\ndata: {text}\n\n"));
        if text == "one" {
            sender.send("two".into()).await.expect("a listener");
        }
    }
}

#[tokio::test]
async fn an_absent_analyzer_is_a_502_that_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let gone = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let url = serve(proxy_router(&gone).expect("a proxy")).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(format!("{url}/readyz")).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body["error"]["code"], "analyzer_unreachable");
    assert!(body["error"]["message"].as_str().expect("a text").contains(&gone));
}

#[test]
fn the_analyzer_is_named_by_origin() {
    assert_eq!(origin_of("http://127.0.0.1:9870/").expect("an origin"), "http://127.0.0.1:9870");
    for wrong in ["127.0.0.1:9870", "kafka://a:1", "http://a:1/api", "http://a:1/?x", "nonsense"] {
        let error = origin_of(wrong).expect_err(wrong).to_string();
        assert!(error.contains(wrong) && error.contains("http://HOST:PORT"), "{error}");
    }
}
