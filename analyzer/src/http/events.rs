//! Server-sent events: each update of an incident, numbered, so that a page that was away resumes where it was.

use super::AppState;
use crate::feed::{Resumed, Update};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// `event: incident` with the whole incident; `event: reset` when updates are lost to this reader: read the incidents
/// anew. Without Last-Event-ID the stream begins now.
pub async fn events(
    State(app): State<AppState>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let Resumed { complete, missed, live } = app.feed.resume(last.unwrap_or_else(|| app.feed.latest()));
    let lost = (!complete).then(|| reset(missed.first().map_or_else(|| app.feed.latest(), |first| first.number - 1)));
    let missed = stream::iter(lost).chain(stream::iter(missed).map(|update| incident(&update)));
    let stream = missed.chain(live_events(live)).take_until(app.stop.cancelled_owned()).map(Ok);
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn live_events(live: Receiver<Arc<Update>>) -> impl Stream<Item = Event> {
    stream::unfold(live, |mut live| async move {
        match live.recv().await {
            Ok(update) => Some((incident(&update), live)),
            Err(RecvError::Lagged(_)) => Some((Event::default().event("reset").data("{}"), live)),
            Err(RecvError::Closed) => None,
        }
    })
}

fn incident(update: &Update) -> Event {
    let event = Event::default().event("incident").id(update.number.to_string());
    // The incident has string keys and finite numbers only by construction; a reader that gets `{}` reads anew.
    event.data(serde_json::to_string(&update.incident).unwrap_or_else(|_| String::from("{}")))
}

fn reset(number: u64) -> Event {
    Event::default().event("reset").id(number.to_string()).data("{}")
}
