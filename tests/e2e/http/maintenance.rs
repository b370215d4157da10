//! Announcing maintenance over HTTP: with a token, and with words that mend what is wrong.

use super::Server;
use super::model::Memory;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use weft_analyzer::read::PortView;

pub const PATH: &str = "/api/v1/maintenance";

pub async fn send(server: &Server, method: Method, path: &str, token: Option<&str>, body: &Value) -> Response {
    let request = server.client.request(method, format!("{}{path}", server.url)).json(body);
    let request = token.map_or(request.try_clone().expect("a body in memory"), |token| request.bearer_auth(token));
    request.send().await.expect("an answer")
}

async fn announce(server: &Server, body: &Value) -> (StatusCode, Value) {
    let answer = send(server, Method::POST, PATH, Some("announces"), body).await;
    (answer.status(), answer.json().await.expect("JSON"))
}

pub fn model() -> Memory {
    let port = PortView { device: "leaf-1".into(), port: "eth3".into(), ..PortView::default() };
    Memory { ports: vec![port], ..Memory::default() }
}

#[tokio::test]
async fn maintenance_is_announced_listed_and_ended_early() {
    let server = Server::start(model()).await;
    let body = json!({"parts": [{"rack": "r7"}, {"device": "leaf-1", "port": "eth3"}], "for_s": 600,
        "who": "ops", "reason": "new\n kernel"});
    let (status, told) = announce(&server, &body).await;
    assert_eq!(status, StatusCode::CREATED, "{told}");
    assert_eq!((&told["reason"], &told["source"]), (&json!("new kernel"), &json!("http")));
    let [from, until] = ["from_ns", "until_ns"].map(|key| told[key].as_i64().expect("a time"));
    assert_eq!(until - from, 600_000_000_000);
    let id = told["id"].as_str().expect("an id");
    let listed = server.json(PATH).await;
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["who"]), (&json!(id), &json!("ops")));
    let ended = send(&server, Method::DELETE, &format!("{PATH}/{id}"), Some("announces"), &json!({})).await;
    assert_eq!(ended.status(), StatusCode::OK);
    let ended: Value = ended.json().await.expect("JSON");
    assert!(ended["until_ns"].as_i64().is_some_and(|ns| ns < until), "{ended}");
    let again = send(&server, Method::DELETE, &format!("{PATH}/{id}"), Some("announces"), &json!({})).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_announces_without_the_token() {
    let body = json!({"parts": [{"rack": "r7"}], "for_s": 600});
    let server = Server::start(model()).await;
    for token in [None, Some("guessed"), Some("")] {
        let answer = send(&server, Method::POST, PATH, token, &body).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{token:?}");
    }
    assert_eq!(server.json(PATH).await["items"], json!([]));
    let off = Server::start(Memory { is_without_token: true, ..model() }).await;
    let answer = send(&off, Method::POST, PATH, Some("announces"), &body).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["error"]["code"], "off");
    assert!(answer["error"]["hint"].as_str().is_some_and(|hint| hint.contains("token_file")), "{answer}");
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_place_and_its_mend() {
    let server = Server::start(model()).await;
    let with = |part: Value| json!({"parts": [{"rack": "r7"}, part], "for_s": 60});
    let times = |times: Value| {
        let mut body = json!({"parts": [{"rack": "r7"}]});
        body.as_object_mut().expect("an object").extend(times.as_object().expect("an object").clone());
        body
    };
    for (body, message, hint) in [
        (json!({"parts": [], "for_s": 60}), "`parts` is empty", "rack"),
        (with(json!({})), "parts[1]: it names neither", "give `device` or `rack`"),
        (with(json!({"device": "leaf-2"})), "parts[1]: there is no device \"leaf-2\"", "did you mean leaf-1?"),
        (with(json!({"device": "leaf-1", "port": "eth9"})), "leaf-1 has no port \"eth9\"", "did you mean eth3?"),
        (with(json!({"rack": "r8"})), "parts[1]: no device stands in rack \"r8\"", "did you mean r7?"),
        (with(json!({"device": "leaf-1", "rack": "r7"})), "a device and a rack", "one of the two"),
        (with(json!({"device": "leaf-1", "prt": "eth3"})), "unknown field `prt`", "application/json"),
        (times(json!({})), "either `until` or `for_s`", "RFC 3339"),
        (times(json!({"until": "tomorrow"})), "`until` is \"tomorrow\", which is no time", "with a zone"),
        (times(json!({"until": "2020-01-01T00:00:00Z"})), "not after `from` and now", "mend the times"),
        (times(json!({"for_s": -1})), "not after `from` and now", "mend the times"),
        (times(json!({"for_s": 1_000_000_000})), "more than a year", "milliseconds"),
        (times(json!({"from": 17, "for_s": 60})), "not after `from` and now", "mend the times"),
        (times(json!({"for_s": 60, "reason": "x".repeat(501)})), "501 characters", "ticket"),
    ] {
        let (status, answer) = announce(&server, &body).await;
        let error = &answer["error"];
        let [said, mend] = ["message", "hint"].map(|key| error[key].as_str().unwrap_or_default());
        assert!(status.is_client_error() && said.contains(message) && mend.contains(hint), "{body}: {status} {answer}");
    }
    assert_eq!(server.json(PATH).await["items"], json!([]));
}
