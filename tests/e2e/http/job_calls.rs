//! Calls of a prolog and an epilog.

use super::Server;
use super::maintenance::{model, send};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn call(server: &Server, what: &str, token: &str, body: Value) -> (StatusCode, Value) {
    let answer = send(server, Method::POST, &format!("/api/v1/jobs/{what}"), Some(token), &body).await;
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_job_begins_and_ends_by_a_call_each() {
    let server = Server::start(model()).await;
    let told = json!({"job": "8123", "nodes": "gpu[001-002]", "at": "2023-11-14T22:13:20Z"});
    let (status, job) = call(&server, "begin", "announces", told).await;
    assert_eq!((status, &job["devices"]), (StatusCode::CREATED, &json!(["gpu001", "gpu002"])), "{job}");
    assert_eq!(job["start_ns"], 1_700_000_000_000_000_000_i64);
    let (status, job) = call(&server, "begin", "announces", json!({"job": "8123", "nodes": ["gpu003"]})).await;
    assert_eq!((status, job["devices"].as_array().map(Vec::len)), (StatusCode::CREATED, Some(3)));
    let (status, job) = call(&server, "end", "announces", json!({"job": "8123"})).await;
    assert_eq!((status, job["end_ns"].is_i64()), (StatusCode::OK, true));
    let (status, _) = call(&server, "end", "announces", json!({"job": "8123"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "the epilog of another node");
}

#[tokio::test]
async fn a_wrong_call_is_refused_in_words() {
    let server = Server::start(model()).await;
    for (what, token, body, status, said) in [
        ("begin", "guessed", json!({"job": "1", "nodes": "n1"}), StatusCode::UNAUTHORIZED, "the token is missing"),
        ("begin", "announces", json!({"job": "1", "nodes": "n[1"}), StatusCode::BAD_REQUEST, "`nodes`: \"n[1\""),
        ("begin", "announces", json!({"job": "1", "nodes": []}), StatusCode::BAD_REQUEST, "names no node"),
        ("begin", "announces", json!({"job": " ", "nodes": "n1"}), StatusCode::BAD_REQUEST, "which is no name"),
        ("begin", "announces", json!({"job": "1", "nodes": "n1", "at": "now"}), StatusCode::BAD_REQUEST, "is no time"),
        ("end", "announces", json!({"job": "1", "nodes": "n1"}), StatusCode::BAD_REQUEST, "unknown field"),
    ] {
        let (found, answer) = call(&server, what, token, body).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(found == status && message.contains(said), "{said}: {found} {answer}");
    }
}
