//! Slurm as a running analyzer asks it: slurmrestd over HTTP, and a controller that is away.

use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_analyzer::operations::{Book, JobsInForce};
use weft_analyzer::slurm::{SlurmConfig, SlurmKind, watch};
use weft_settings::Secret;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn fixture(name: &str) -> String {
    let path = format!("{}/../analyzer/src/slurm/fixtures/{name}-v0.0.40.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a fixture of the repository")
}

async fn serve(server: &MockServer) {
    for what in ["jobs", "nodes", "reservations"] {
        Mock::given(method("GET"))
            .and(path(format!("/slurm/v0.0.40/{what}")))
            .and(header("X-SLURM-USER-NAME", "weft"))
            .and(header("X-SLURM-USER-TOKEN", "jwt"))
            .respond_with(ResponseTemplate::new(200).set_body_string(fixture(what)))
            .mount(server)
            .await;
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_slurmrestd_said_last_stays_in_force_while_it_is_away() {
    let server = MockServer::start().await;
    serve(&server).await;
    let config = SlurmConfig {
        kind: SlurmKind::Rest,
        url: server.uri(),
        every_s: 1,
        user: "weft".into(),
        token: Some(Secret::new("jwt")),
        ..SlurmConfig::default()
    };
    let (jobs, book) = (JobsInForce::default(), Arc::new(Book::default()));
    let asking = tokio::spawn(watch(config, jobs.clone(), book.clone()));
    // The reservation of the fixture was over long ago.
    until("the book", || book.list().len() == 3).await;
    let rows = jobs.take().expect("jobs were told");
    assert!(rows.iter().any(|row| (&*row.job, &*row.device, &*row.port) == ("8123", "gpu002", "gpu7")), "{rows:?}");
    assert!(jobs.troubles().is_empty());
    server.reset().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    until("the trouble", || !jobs.troubles().is_empty()).await;
    let trouble = jobs.troubles().remove(0);
    assert!(trouble.starts_with("slurm: ") && trouble.contains("renew the token"), "{trouble}");
    assert!(trouble.contains("s ago stays in force"), "{trouble}");
    assert_eq!((jobs.take(), book.list().len()), (None, 3), "no job has ended, and no node is resumed");
    server.reset().await;
    serve(&server).await;
    until("the mend", || jobs.troubles().is_empty()).await;
    asking.abort();
}
