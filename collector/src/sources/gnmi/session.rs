//! One target, for as long as it is in the targets file: connected, subscribed, watched for silence, and begun anew.
//!
//! ```text
//!          connected, answered                  refused, broken off, or silent for `patience`
//! connect ─────────────────────► up ──────────────────────────────────────────────────────────► wait 1, 2, 4 … 60 s, jittered
//!    ▲                                                                                             │
//!    └─────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! A target that answers ends its waits: the next failure waits for a second again.

use super::decode::decode;
use super::dial::{chain, connect};
use super::inbox::Inbox;
use super::proto::gnmi::g_nmi_client::GNmiClient;
use super::proto::gnmi::subscribe_response::Response;
use super::proto::gnmi::{SubscribeRequest, SubscribeResponse};
use super::subscription::requests;
use super::targets::Target;
use crate::clock::now_ns;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::StreamExt;
use futures::stream::{self, BoxStream, SelectAll};
use std::time::Duration;
use tonic::metadata::MetadataValue;
use tonic::{Request, Status};

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A message holds no more: all counters of 512 ports, 200 of some 60 bytes each, are 6 MB.
const LONGEST_MESSAGE: usize = 32 << 20;

/// A reason is a sentence: what a server writes into its status may be long.
const LONGEST_REASON: usize = 300;

type Answers = SelectAll<BoxStream<'static, Result<SubscribeResponse, Status>>>;

/// Never ends by itself.
pub async fn run(inbox: &Inbox) {
    let mut waits = Waits::new();
    loop {
        let why = match begin(&inbox.target).await {
            Ok(answers) => {
                inbox.began();
                listen(inbox, answers, &mut waits).await
            }
            Err(why) => why,
        };
        let why: String = why.chars().take(LONGEST_REASON).collect();
        let wait = waits.0.next().unwrap_or(LONGEST_WAIT);
        if inbox.failed(&why) {
            inbox.say(format!("{why}; it is asked again"));
        }
        tokio::time::sleep(wait).await;
    }
}

/// How long to wait before the next try.
struct Waits(ExponentialBackoff);

impl Waits {
    /// Jittered, so that 500 targets behind one router that failed are not all asked at once.
    fn new() -> Waits {
        let waits = ExponentialBuilder::default().with_min_delay(Duration::from_secs(1)).with_max_delay(LONGEST_WAIT);
        Waits(waits.with_jitter().without_max_times().build())
    }
}

async fn begin(target: &Target) -> Result<Answers, String> {
    let (requests, password) = (requests(target)?, target.password()?);
    let mut client = GNmiClient::new(connect(target).await?).max_decoding_message_size(LONGEST_MESSAGE);
    let mut answers = SelectAll::new();
    for request in requests {
        let request = with_credentials(&target.username, &password, request)?;
        // Servers that send their headers with the first answer only must not hold up what follows longer than a silent one would.
        let subscribed = tokio::time::timeout(target.patience(), client.subscribe(request)).await;
        let subscribed = subscribed.map_err(|_| silence(target))?;
        let subscribed = subscribed.map_err(|status| refusal(&status))?;
        answers.push(subscribed.into_inner().boxed());
    }
    Ok(answers)
}

/// The request stays open: a server takes its end for the end of the subscription.
fn with_credentials(
    username: &str,
    password: &str,
    request: SubscribeRequest,
) -> Result<Request<impl stream::Stream<Item = SubscribeRequest> + Send + 'static + use<>>, String> {
    let mut request = Request::new(stream::iter([request]).chain(stream::pending()));
    if !username.is_empty() {
        for (name, text) in [("username", username), ("password", password)] {
            let value = MetadataValue::try_from(text);
            let value =
                value.map_err(|_| format!("the {name} has letters that gRPC cannot send: only ASCII will do"))?;
            request.metadata_mut().insert(name, value);
        }
    }
    Ok(request)
}

/// Reads until the stream ends; why it did.
async fn listen(inbox: &Inbox, mut answers: Answers, waits: &mut Waits) -> String {
    let (patience, mut syncs) = (inbox.target.patience(), answers.len());
    loop {
        let answer = match tokio::time::timeout(patience, answers.next()).await {
            Err(_) => return silence(&inbox.target),
            Ok(None) => return "the target ended the subscription".into(),
            Ok(Some(Err(status))) => return refusal(&status),
            Ok(Some(Ok(answer))) => answer,
        };
        if inbox.heard(now_ns()) {
            *waits = Waits::new();
            inbox.say("is heard".into());
        }
        match answer.response {
            Some(Response::Update(notification)) => {
                let (dialect, stamp_ns) = (inbox.target.dialect, notification.timestamp);
                inbox.fill(stamp_ns, now_ns(), |filling| decode(dialect, notification, filling));
            }
            Some(Response::SyncResponse(_)) => {
                syncs = syncs.saturating_sub(1);
                if syncs == 0 {
                    inbox.settled();
                }
            }
            #[expect(deprecated, reason = "old targets send it")]
            Some(Response::Error(error)) => {
                return format!("the target refuses: {} (code {})", error.message, error.code);
            }
            None => {}
        }
    }
}

fn silence(target: &Target) -> String {
    format!("said nothing for {} s", target.patience().as_secs_f64())
}

fn refusal(status: &Status) -> String {
    let name = format!("{:?}", status.code());
    let mend = match status.code() {
        tonic::Code::Unauthenticated | tonic::Code::PermissionDenied => " (mend: username, password_file)",
        tonic::Code::InvalidArgument | tonic::Code::NotFound | tonic::Code::Unimplemented => {
            " (mend: name in paths what it knows, or another encoding)"
        }
        _ => "",
    };
    match std::error::Error::source(status) {
        Some(source) => format!("{name}: {}: {}{mend}", status.message(), chain(source)),
        None => format!("{name}: {}{mend}", status.message()),
    }
}
