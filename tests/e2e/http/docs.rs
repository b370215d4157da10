//! The examples of docs/http-api.md.

use super::Server;
use super::maintenance::{PATH, send};
use super::model::Memory;
use crate::docs;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_analyzer::read::{GapView, Health, PortView};
use weft_analyzer::sql::SqlError;
use weft_judge::sample::open;

const ID: &str = "5f1c02d98ab3e774";

/// The status and the body, JSON indented for readers.
async fn shown(request: &str, answer: Response) -> String {
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    let json = serde_json::from_str::<Value>(&text).map(|value| serde_json::to_string_pretty(&value).expect("JSON"));
    format!("{request}\n\n{status}\n{}", json.unwrap_or(text))
}

async fn server() -> Server {
    let port = PortView {
        device: "leaf-1".into(),
        port: "eth3".into(),
        table: "switch_port".into(),
        driver: "mlxsw".into(),
        speed_bps: Some(400_000_000_000),
        rail: "3".into(),
        role: "compute".into(),
        peer_device: "spine-2".into(),
        peer_port: "eth1".into(),
        rx_bytes_per_s: Some(1.25e9),
        state: "down".into(),
        incident: Some(ID.into()),
        ..PortView::default()
    };
    let gap = GapView {
        collector: "host-1".into(),
        boot: 1,
        first_sequence: 100,
        last_sequence: 104,
        from_ns: 1_700_000_000_000_000_000,
        to_ns: 1_700_000_001_000_000_000,
        reason: "missing".into(),
    };
    let model = Memory { incidents: vec![Arc::new(open(ID))], ports: vec![port], gaps: vec![gap], ..Memory::default() };
    *model.health.lock().expect("no test panics here") =
        Health { ready: false, reasons: vec!["no collector has told anything".into()], lag_s: None };
    Server::start(model).await
}

async fn of_reads(server: &Server, examples: &mut BTreeMap<&str, String>) {
    let series = "/api/v1/series?device=leaf-1&port=eth3&counter=rx_bytes&mode=rate";
    let reads = [
        ("incidents", "/api/v1/incidents?state=open&limit=1".to_owned()),
        ("explain", format!("/api/v1/incidents/{ID}/explain")),
        ("facts", "/api/v1/facts?kind=link_down&limit=1".into()),
        ("devices", "/api/v1/devices".into()),
        ("ports", "/api/v1/ports?filter=leaf-1+down&sort=-rx_bytes_per_s&limit=1".into()),
        ("jobs", "/api/v1/jobs".into()),
        ("job-steps", "/api/v1/jobs/train/steps?from_ns=10000000000".into()),
        ("collectors", "/api/v1/collectors".into()),
        ("gaps", "/api/v1/gaps".into()),
        ("armed", "/api/v1/armed".into()),
        ("watching", "/api/v1/watching".into()),
        ("series", series.into()),
        ("healthz", "/healthz".into()),
        ("readyz", "/readyz".into()),
        ("bad-request", "/api/v1/incidents?state=opn".into()),
        ("not-found", "/api/v1/incidents/zz".into()),
    ];
    for (name, path) in reads {
        let answer = server.get(&path).await;
        examples.insert(name, shown(&format!("GET {path}"), answer).await);
    }
}

async fn of_queries(server: &Server, examples: &mut BTreeMap<&str, String>) {
    let body =
        json!({"sql": "SELECT port, rx_bytes, share FROM t WHERE device = $1", "params": ["leaf-1"], "max_rows": 2});
    for (name, accept) in [("sql-json", "application/json"), ("sql-csv", "text/csv")] {
        let answer = server.sql(accept, body.clone()).await;
        let request = format!("POST /api/v1/sql\nContent-Type: application/json\nAccept: {accept}\n\n{body}");
        examples.insert(name, shown(&request, answer).await);
    }
    let failure = SqlError::Invalid {
        message: "no column rx_byte".into(),
        hint: Some("did you mean rx_bytes?".into()),
        line: Some(1),
        column: Some(8),
    };
    server.model.failures.lock().expect("no test panics here").push(failure);
    let body = json!({"sql": "SELECT rx_byte FROM nic"});
    let answer = server.sql("application/json", body.clone()).await;
    examples.insert("sql-error", shown(&format!("POST /api/v1/sql\n\n{body}"), answer).await);
}

async fn of_maintenance(server: &Server, examples: &mut BTreeMap<&str, String>) {
    let announced = json!({"parts": [{"rack": "r7"}, {"device": "leaf-1", "port": "eth3"}], "from": "2026-01-01T08:00:00Z",
        "until": "2026-01-01T09:00:00Z", "who": "ops", "reason": "new kernel"});
    let wrong = json!({"parts": [{"device": "leaf-2"}], "for_s": 600});
    for (name, body, token) in
        [("maintenance-wrong", &wrong, Some("announces")), ("maintenance-unauthorized", &announced, None)]
    {
        let answer = send(server, Method::POST, PATH, token, body).await;
        examples.insert(name, shown(&format!("POST {PATH}\nAuthorization: Bearer TOKEN\n\n{body}"), answer).await);
    }
}

#[tokio::test]
async fn docs_of_the_api_show_what_is_answered() {
    let server = server().await;
    let mut examples = BTreeMap::new();
    of_reads(&server, &mut examples).await;
    of_queries(&server, &mut examples).await;
    of_maintenance(&server, &mut examples).await;
    docs::check("http-api.md", &examples);
}

/// Every route of the router has its heading in the page.
#[test]
fn docs_of_the_api_name_every_route() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).expect("a file of the repository");
    let (router, page) = (read("analyzer/src/http/mod.rs"), read("docs/http-api.md"));
    let routes: Vec<&str> = router.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(routes.len() > 12, "{routes:?}");
    let missing: Vec<_> = routes.iter().filter(|route| !page.contains(&format!("{route}`"))).collect();
    assert!(missing.is_empty(), "docs/http-api.md does not tell of {missing:?}");
}
