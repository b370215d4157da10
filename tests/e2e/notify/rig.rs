//! A pipeline with one receiver, which is a mock server.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use weft_analyzer::notify::{Context, Endpoint, Labels, Links, NotifyConfig, NotifyKind};
use weft_analyzer::route::{self, DeliveryLog, MemoryLog, Route, RouteOptions, SilenceConfig};
use weft_judge::incident::Incident;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

/// Longer than any retry of these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Rig {
    server: MockServer,
    answers: Answers,
    route: Route,
    alive: Arc<AtomicBool>,
}

#[derive(Clone)]
pub struct Sent {
    pub path: String,
    pub body: String,
    pub headers: Vec<(String, String)>,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(said, _)| said == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The status of each answer in turn; 200 after the last.
#[derive(Clone, Default)]
struct Answers {
    statuses: Arc<Mutex<Vec<u16>>>,
    /// `Retry-After` of each refusal.
    rest: Arc<Mutex<Option<String>>>,
    next: Arc<AtomicUsize>,
}

impl Respond for Answers {
    fn respond(&self, _request: &wiremock::Request) -> ResponseTemplate {
        let next = self.next.fetch_add(1, Ordering::SeqCst);
        let statuses = self.statuses.lock().expect("no test panics here");
        let status = statuses.get(next).copied().unwrap_or(200);
        let rest = self.rest.lock().expect("no test panics here").clone().filter(|_| status != 200);
        let answer = ResponseTemplate::new(status);
        rest.into_iter().fold(answer, |answer, rest| answer.insert_header("retry-after", rest))
    }
}

pub fn webhook(server: &str) -> NotifyConfig {
    let url = Endpoint::try_from(format!("{server}/hook?token=x")).expect("a URL");
    NotifyConfig::new(NotifyKind::named("webhook").expect("a row of its own"), url)
}

pub fn alertmanager(server: &str) -> NotifyConfig {
    let url = Endpoint::try_from(format!("{server}/am/")).expect("a URL");
    NotifyConfig::new(NotifyKind::named("alertmanager").expect("a row of its own"), url)
}

pub fn context() -> Context {
    Context { links: Links { external_url: "http://weft.test".into() }, ..Context::default() }
}

impl Rig {
    pub async fn start(adjust: impl FnOnce(&mut NotifyConfig)) -> Rig {
        Rig::start_with(webhook, adjust, vec![], Arc::new(MemoryLog::default())).await
    }

    pub async fn start_with(
        kind: impl FnOnce(&str) -> NotifyConfig,
        adjust: impl FnOnce(&mut NotifyConfig),
        silences: Vec<SilenceConfig>,
        log: Arc<dyn DeliveryLog>,
    ) -> Rig {
        Rig::start_as(kind, adjust, silences, log, Labels::new()).await
    }

    /// With labels that are on every alert.
    pub async fn start_labelled(kind: impl FnOnce(&str) -> NotifyConfig, external_labels: Labels) -> Rig {
        Rig::start_as(kind, |_| {}, vec![], Arc::new(MemoryLog::default()), external_labels).await
    }

    async fn start_as(
        kind: impl FnOnce(&str) -> NotifyConfig,
        adjust: impl FnOnce(&mut NotifyConfig),
        silences: Vec<SilenceConfig>,
        log: Arc<dyn DeliveryLog>,
        external_labels: Labels,
    ) -> Rig {
        let (server, answers) = (MockServer::start().await, Answers::default());
        Mock::given(any()).respond_with(answers.clone()).mount(&server).await;
        let mut config = kind(&server.uri());
        adjust(&mut config);
        let alive = Arc::new(AtomicBool::new(true));
        let seen = alive.clone();
        let route = route::start(RouteOptions {
            receivers: vec![config],
            silences,
            context: Context { external_labels, ..context() },
            log,
            alive: Arc::new(move || seen.load(Ordering::SeqCst)),
        });
        Rig { server, answers, route: route.expect("a pipeline"), alive }
    }

    pub fn answer(&self, statuses: &[u16]) {
        *self.answers.statuses.lock().expect("no test panics here") = statuses.to_vec();
    }

    /// The next answer is a refusal that asks for rest.
    pub fn answer_resting(&self, status: u16, retry_after: &str) {
        self.answer(&[status]);
        *self.answers.rest.lock().expect("no test panics here") = Some(retry_after.into());
    }

    pub fn offer(&self, incident: Incident) {
        self.route.offers().offer(&Arc::new(incident));
    }

    /// As at the start of an analyzer: all that its state folder knows.
    pub fn offer_known(&self, incidents: &[Incident]) {
        let incidents: Vec<_> = incidents.iter().cloned().map(Arc::new).collect();
        self.route.offers().offer_known(&incidents);
    }

    pub fn set_alive(&self, alive: bool) {
        self.alive.store(alive, Ordering::SeqCst);
    }

    pub async fn requests(&self) -> Vec<Sent> {
        let requests = self.server.received_requests().await.unwrap_or_default();
        requests.iter().map(sent).collect()
    }

    /// The `n`-th request since the start, from 0; waits for it.
    pub async fn request(&self, n: usize) -> Sent {
        let arrived = async {
            loop {
                match self.requests().await.into_iter().nth(n) {
                    Some(request) => break request,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.unwrap_or_else(|_| panic!("no request {n} within {PATIENCE:?}"))
    }

    /// The first request to Alertmanager that begins with this incident; waits for it.
    pub async fn request_of(&self, incident: &str) -> Value {
        for n in 0.. {
            let alerts = self.request(n).await.json();
            if alerts[0]["labels"]["incident"] == incident {
                return alerts;
            }
        }
        unreachable!("requests do not end")
    }

    /// All that was sent, the farewell included.
    pub async fn stop(self) -> Vec<Sent> {
        self.route.shutdown().await;
        self.server.received_requests().await.unwrap_or_default().iter().map(sent).collect()
    }
}

fn sent(request: &wiremock::Request) -> Sent {
    let text = |value: &wiremock::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    Sent { path: request.url.path().to_owned(), body, headers: headers.collect() }
}

/// Seconds from now to an RFC 3339 time.
pub fn seconds_ahead(time: &Value) -> f64 {
    let text = time.as_str().expect("a time");
    let time: jiff::Timestamp = text.parse().expect("RFC 3339");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    time.as_nanosecond() as f64 / 1e9 - now.as_secs_f64()
}
