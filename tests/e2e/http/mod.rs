//! The HTTP API over a real listener, asked as users ask.

mod docs;
mod events;
mod job_calls;
mod maintenance;
mod metrics;
mod model;

use model::Memory;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use weft_analyzer::feed::Feed;
use weft_analyzer::http::{AppState, HttpConfig, plain_pages, router};
use weft_analyzer::notify::{Alert, Context, Links};
use weft_analyzer::read::{GapView, Health, PortView};
use weft_analyzer::sql::{SqlError, SqlParam, SqlQuery};
use weft_judge::sample::{Changed, ONSET_NS, SECOND, open};
use weft_settings::Secret;

struct Server {
    url: String,
    model: Arc<Memory>,
    feed: Arc<Feed>,
    stop: CancellationToken,
    client: reqwest::Client,
}

impl Server {
    async fn start(model: Memory) -> Server {
        let (model, feed, stop) = (Arc::new(model), Arc::new(Feed::new(1)), CancellationToken::new());
        let config = HttpConfig { max_body_bytes: 4096, ..HttpConfig::default() };
        let state = AppState {
            view: model.clone(),
            sql: model.clone(),
            feed: feed.clone(),
            config: Arc::new(config),
            token: (!model.is_without_token).then(|| Secret::new("announces")),
            book: model.book.clone(),
            calls: model.calls.clone(),
            stop: stop.clone(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let page = plain_pages(state.clone());
        let app = router(state, page);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Server { url, model, feed, stop, client }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer")
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn sql(&self, accept: &str, body: Value) -> Response {
        let request = self.client.post(format!("{}/api/v1/sql", self.url)).header("accept", accept).json(&body);
        request.send().await.expect("an answer")
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()).collect()
}

#[tokio::test]
async fn incidents_are_filtered_and_paged() {
    let flap = open("c").into_class("link_flap", 50);
    let incidents = [open("a"), open("b").resolved(30), flap, open("d")].map(Arc::new).to_vec();
    let server = Server::start(Memory { incidents, ..Memory::default() }).await;
    let since = format!("since_ns={}", ONSET_NS + 20 * SECOND);
    let cases: [(&str, &[&str], Option<&str>); 7] = [
        ("", &["a", "b", "c", "d"], None),
        ("?state=open", &["a", "c", "d"], None),
        ("?state=resolved,suspected", &["b"], None),
        ("?class=link_flap", &["c"], None),
        (&format!("?{since}"), &["b", "c"], None),
        ("?limit=2", &["a", "b"], Some("b")),
        ("?limit=2&after=b", &["c", "d"], None),
    ];
    for (query, expected, next) in cases {
        let page = server.json(&format!("/api/v1/incidents{query}")).await;
        assert_eq!(ids(&page), expected, "{query}");
        assert_eq!(page["next"].as_str(), next, "{query}");
    }
    assert_eq!(server.json("/api/v1/incidents/a").await["culprits"][0]["port"], "eth3");
}

/// Ports and jobs are read of what the intake writes: whoever waits for it must not hold up other requests.
#[tokio::test]
async fn what_waits_for_the_intake_is_read_aside() {
    let server = Server::start(Memory::default()).await;
    server.json("/api/v1/ports").await;
    server.json("/api/v1/jobs").await;
    let readers = server.model.readers.lock().expect("no test panics here").clone();
    // The server runs on this very thread.
    assert!(readers.len() == 2 && !readers.contains(&std::thread::current().id()), "{readers:?}");
}

#[tokio::test]
async fn a_story_is_told_of_an_incident() {
    let server = Server::start(Memory { incidents: vec![Arc::new(open("a"))], ..Memory::default() }).await;
    let story = server.json("/api/v1/incidents/a/explain").await;
    let text = story["text"].as_str().expect("a text");
    let expected = "\
the link leaf-1 eth3 <-> spine-2 eth1 is down & costs job train 12.5 % of its step time

incident   a (link_down, open)
certainty  0.97, evidence of tier A
since      2023-11-14T22:13:20Z, opened 1.0 s later
culprit    leaf-1 eth3 (cabled to spine-2 eth1), confidence 0.97
job        train loses 12.5 % of its step time
victims    host-4 eth0
action     reseat or replace the cable

Evidence
  link_down: link_up of leaf-1 eth3 is 0 1 against 1 (itself before), since 2023-11-14T22:13:20Z
    SELECT ts, link_up FROM switch_port WHERE device = 'leaf-1' AND port = 'eth3' ORDER BY ts

History
     +1.000 s  Open: carrier lost at both ends
";
    assert_eq!(text, expected);
}

/// A binary without the page answers where alerts link to all the same, in text.
#[tokio::test]
async fn without_a_page_alerts_lead_to_the_story() {
    let incidents = vec![Arc::new(open("a")), Arc::new(open("b").resolved(30))];
    let server = Server::start(Memory { incidents, ..Memory::default() }).await;
    let context = Context { links: Links { external_url: server.url.clone() }, ..Context::default() };
    let alert = Alert::of(&open("a"), &context).expect("it is sent");
    let answer = server.client.get(&alert.generator_url).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/plain"));
    let text = answer.text().await.expect("text");
    let told = server.json("/api/v1/incidents/a/explain").await["text"].clone();
    assert_eq!(json!(text), told);
    let now = server.get("/").await.text().await.expect("text");
    assert!(now.starts_with("weft: 1 open\n/incidents/a  the link leaf-1"), "{now}");
    for gone in ["/incidents/zz", "/elsewhere"] {
        let answer = server.get(gone).await;
        assert_eq!(
            (answer.status(), answer.json::<Value>().await.expect("JSON")["error"]["code"].clone()),
            (StatusCode::NOT_FOUND, json!("not_found"))
        );
    }
}

#[tokio::test]
async fn the_fabric_is_listed() {
    let port = |port: &str, rate: Option<f64>, state: &str| PortView {
        device: "leaf-1".into(),
        port: port.into(),
        table: "switch_port".into(),
        state: state.into(),
        rx_bytes_per_s: rate,
        ..PortView::default()
    };
    let ports = vec![port("eth0", Some(5.0), "ok"), port("eth1", None, "blind"), port("eth2", Some(9.0), "ok")];
    let gaps =
        vec![GapView { first_sequence: 1, ..GapView::default() }, GapView { first_sequence: 9, ..GapView::default() }];
    let server = Server::start(Memory { ports, gaps, ..Memory::default() }).await;
    let names = async |query: &str| -> Vec<String> {
        let page = server.json(&format!("/api/v1/ports{query}")).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["port"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names("").await, ["eth0", "eth1", "eth2"]);
    assert_eq!(names("?sort=-rx_bytes_per_s").await, ["eth2", "eth0", "eth1"]);
    assert_eq!(names("?filter=LEAF+blind").await, ["eth1"]);
    assert_eq!(names("?limit=1&after=2").await, ["eth2"]);
    assert_eq!(server.json("/api/v1/gaps").await["items"][0]["first_sequence"], 9);
    assert_eq!(server.json("/api/v1/devices").await["items"][0]["device"], "leaf-1");
    assert_eq!(server.json("/api/v1/jobs").await["items"][0]["step_time_s"], 0.5);
    assert_eq!(server.json("/api/v1/collectors").await["items"][0]["state"], "live");
    let armed = json!({"items": [{"detector": "slow_link", "facts": ["low_service_rate"], "armed": false, "ports": 0, "jobs": 0, "off":
        [{"reason": "speed unknown", "count": 3, "of": "ports", "arm": "plan ports.csv speed_bps"}]}], "next": null});
    assert_eq!(server.json("/api/v1/armed").await, armed);
    assert_eq!(server.json("/api/v1/watching").await["ports_heard"], 3);
    let facts = server.json("/api/v1/facts?kind=link_down").await;
    assert_eq!((&facts["items"][0]["ts_ns"], &facts["items"][1]["ts_ns"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn a_series_has_points_and_marks() {
    let server = Server::start(Memory::default()).await;
    let series = server.json("/api/v1/series?device=leaf-1&port=eth3&counter=rx_bytes&mode=rate").await;
    let expected =
        json!({"unit": "bytes/s", "points": [[1, 0.5], [2, null]], "marks": [{"ts_ns": 2, "kind": "reset"}]});
    assert_eq!(series, expected);
}

#[tokio::test]
async fn sql_answers_in_three_formats() {
    let server = Server::start(Memory::default()).await;
    let ask = json!({"sql": "select 1", "params": [1], "max_rows": 5, "timeout_ms": 3_600_000});
    let answer = server.sql("application/json", ask.clone()).await;
    assert_eq!(answer.headers()["weft-truncated"], "true");
    let expected = json!({
        "columns": [{"name": "port", "type": "Utf8", "unit": ""}, {"name": "rx_bytes", "type": "Int64", "unit": "bytes"},
                    {"name": "share", "type": "Float64", "unit": ""}],
        "rows": [["eth1", i64::MAX, 0.25], ["a,\"b\"", null, null]],
        "truncated": true,
    });
    assert_eq!(answer.json::<Value>().await.expect("JSON"), expected);
    let csv = server.sql("text/csv", ask.clone()).await.text().await.expect("text");
    assert_eq!(csv, "port,rx_bytes,share\neth1,9223372036854775807,0.25\n\"a,\"\"b\"\"\",,NaN\n");
    let arrow = server.sql("application/vnd.apache.arrow.stream;q=1, */*;q=0.1", ask).await;
    assert_eq!(arrow.headers()["content-type"], "application/vnd.apache.arrow.stream");
    assert!(arrow.bytes().await.expect("a body").starts_with(&[0xff; 4]));
    let asked: Vec<SqlQuery> = server.model.asked.lock().expect("no test panics here").clone();
    assert_eq!((asked[0].max_rows, asked[0].timeout.as_secs(), &asked[0].params), (5, 30, &vec![SqlParam::Integer(1)]));
}

#[tokio::test]
async fn query_errors_have_their_status_and_shape() {
    let server = Server::start(Memory::default()).await;
    let invalid = SqlError::Invalid {
        message: "no column rx_byte".into(),
        hint: Some("did you mean rx_bytes?".into()),
        line: Some(1),
        column: Some(8),
    };
    let cases = [
        (invalid, 400, "invalid_query"),
        (SqlError::NotReadOnly("DROP TABLE".into()), 403, "not_read_only"),
        (SqlError::Deadline(std::time::Duration::from_secs(1)), 408, "deadline"),
        (SqlError::Memory("64 MB".into()), 413, "memory"),
        (SqlError::Busy(8), 429, "busy"),
        (SqlError::Internal("x".into()), 500, "internal"),
    ];
    for (failure, status, code) in cases {
        let message = failure.to_string();
        server.model.failures.lock().expect("no test panics here").push(failure);
        let answer = server.sql("*/*", json!({"sql": "select"})).await;
        assert_eq!(answer.status().as_u16(), status);
        let error = answer.json::<Value>().await.expect("JSON")["error"].clone();
        assert_eq!((&error["code"], &error["message"]), (&json!(code), &json!(message)));
        assert_eq!(
            error.as_object().map(|o| o.keys().map(String::as_str).collect()),
            Some(vec!["code", "message", "hint", "line", "column"])
        );
    }
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let server = Server::start(Memory::default()).await;
    let cases = [
        ("/api/v1/incidents?stat=open", 400, "stat"),
        ("/api/v1/incidents?state=opn", 400, "suspected, open, resolved"),
        ("/api/v1/incidents?after=zz", 400, "zz"),
        ("/api/v1/incidents/zz", 404, "zz"),
        ("/api/v1/ports?sort=speed", 400, "speed"),
        ("/api/v1/ports?after=x", 400, "after"),
        ("/api/v1/series?device=leaf-1", 400, "counter"),
        ("/api/v1/series?device=leaf-1&port=eth3&counter=x&from_ns=5&to_ns=5", 400, "before"),
        ("/api/v1/series?device=leaf-1&port=eth9&counter=x", 404, "eth9"),
        ("/api/v1/incident", 404, "/incident"),
    ];
    for (path, status, word) in cases {
        let answer = server.get(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body: Value = answer.json().await.expect("JSON");
        assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains(word)), "{path}: {body}");
    }
    let long = json!({"sql": "x".repeat(5000)});
    assert_eq!(server.sql("*/*", long).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.sql("image/png", json!({"sql": "select 1"})).await.status(), StatusCode::NOT_ACCEPTABLE);
    assert_eq!(server.sql("*/*", json!({"sqll": "select 1"})).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let server = Server::start(Memory::default()).await;
    let own = server.url.clone();
    for (name, value, status) in [
        ("host", "evil.example", 403),
        ("host", "localhost:1", 200),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", own.as_str(), 200),
    ] {
        let get = |path: &str| server.client.get(format!("{own}{path}")).header(name, value).send();
        let answer = get("/api/v1/incidents").await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
        // Probes and scrapers ask by whatever name they have.
        for path in ["/healthz", "/metrics"] {
            assert_eq!(get(path).await.expect("an answer").status().as_u16(), 200, "{path} with {name}: {value}");
        }
    }
}

#[tokio::test]
async fn no_data_is_not_ready_and_metrics_say_so() {
    let incidents = vec![Arc::new(open("a")), Arc::new(open("b")), Arc::new(open("c").resolved(3))];
    let ports = vec![PortView { ends_agree: Some(false), ..PortView::default() }, PortView::default()];
    let server = Server::start(Memory { incidents, ports, ..Memory::default() }).await;
    let reasons = vec![String::from("no collector has told anything")];
    *server.model.health.lock().expect("no test panics here") =
        Health { ready: false, reasons: reasons.clone(), lag_s: Some(1.5) };
    let answer = server.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({"ready": false, "reasons": reasons}));
    let metrics = server.get("/metrics").await.text().await.expect("text");
    for line in [
        "weft_lag_seconds 1.5",
        "weft_ready 0",
        "weft_incidents{class=\"link_down\",state=\"open\"} 2",
        "weft_incidents{class=\"link_down\",state=\"resolved\"} 1",
        "weft_cables_at_odds 1",
        "weft_frames_total 0",
    ] {
        assert!(metrics.lines().any(|said| said == line), "no {line:?} in\n{metrics}");
    }
    server.model.health.lock().expect("no test panics here").ready = true;
    assert_eq!(server.get("/readyz").await.status(), StatusCode::OK);
}
