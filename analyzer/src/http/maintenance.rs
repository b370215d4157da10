//! Announcing maintenance: `POST`, `GET` and `DELETE` of `/api/v1/maintenance`.

use super::fabric::read_blocking;
use super::page::Page;
use super::params::Body;
use super::times::time;
use super::token::Authorized;
use super::{ApiError, AppState};
use crate::clock::now_ns;
use crate::operations::{Announced, AnnouncedPart, BookError, HTTP, MaintenanceView, one_line};
use crate::read::ReadModel;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use weft_settings::nearest;

/// Nobody plans the hours of a year ahead: a longer announcement, or one that begins later, is a slip of the pen.
const MOST_AHEAD_NS: i64 = 366 * 86_400 * 1_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;
/// Of `who` and `reason`, characters.
const MOST_TEXT: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    parts: Vec<AnnouncedPart>,
    /// RFC 3339 or ns since 1970; now, where it is absent.
    from: Option<Value>,
    until: Option<Value>,
    /// Instead of `until`: so long after `from`, s.
    for_s: Option<i64>,
    #[serde(default)]
    who: String,
    #[serde(default)]
    reason: String,
}

pub async fn list(State(app): State<AppState>) -> Result<Json<Page<MaintenanceView>>, ApiError> {
    read_blocking(app, |view| Ok(Json(Page { items: view.maintenance(), next: None }))).await
}

pub async fn announce(
    _: Authorized,
    State(app): State<AppState>,
    Body(request): Body<Request>,
) -> Result<(StatusCode, Json<Announced>), ApiError> {
    let book = app.book.clone();
    read_blocking(app, move |view| {
        let now_ns = now_ns();
        let told = announced(request, view, now_ns)?;
        book.announce(told.clone(), now_ns)?;
        tracing::info!(
            id = told.id,
            who = told.who,
            reason = told.reason,
            parts = told.parts.len(),
            "maintenance is announced"
        );
        Ok((StatusCode::CREATED, Json(told)))
    })
    .await
}

pub async fn end(
    _: Authorized,
    State(app): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Announced>, ApiError> {
    let book = app.book.clone();
    read_blocking(app, move |_| match book.end(&id, now_ns())? {
        Some(told) => Ok(Json(told)),
        None => {
            let message = format!("no announced maintenance {id:?} is in force or to come");
            Err(ApiError::not_found(message)
                .hint("list them at /api/v1/maintenance; events of collectors end by themselves"))
        }
    })
    .await
}

fn announced(request: Request, view: &dyn ReadModel, now_ns: i64) -> Result<Announced, ApiError> {
    let Request { mut parts, from, until, for_s, who, reason } = request;
    check_parts(&parts, view)?;
    parts.sort_unstable();
    parts.dedup();
    let from_ns = from.map(|from| time("from", &from)).transpose()?.unwrap_or(now_ns);
    let until_ns = match (until, for_s) {
        (Some(until), None) => time("until", &until)?,
        (None, Some(for_s)) => from_ns.saturating_add(for_s.saturating_mul(SECOND_NS)),
        _ => {
            return Err(ApiError::bad_request("an announcement has either `until` or `for_s`, and not both").hint(
                "give `until` as RFC 3339 (2026-11-30T18:00:00Z) or `for_s` as seconds; end it early by DELETE",
            ));
        }
    };
    if until_ns <= from_ns || until_ns <= now_ns {
        return Err(
            ApiError::bad_request("`until` is not after `from` and now: nothing would be quiet").hint("mend the times")
        );
    }
    if until_ns > now_ns.saturating_add(MOST_AHEAD_NS) || from_ns < now_ns.saturating_sub(MOST_AHEAD_NS) {
        return Err(ApiError::bad_request("the times are more than a year from now")
            .hint("are they in seconds or milliseconds? ns since 1970 are asked for"));
    }
    if let Some(long) = [&who, &reason].into_iter().find(|text| text.chars().count() > MOST_TEXT) {
        let message =
            format!("`who` or `reason` has {} characters, and {MOST_TEXT} are the most", long.chars().count());
        return Err(ApiError::bad_request(message).hint("name a ticket instead"));
    }
    let text = serde_json::to_string(&(&parts, from_ns, until_ns, &who, &reason)).map_err(ApiError::internal)?;
    let id = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
    let (who, reason) = (one_line(&who), one_line(&reason));
    Ok(Announced { id, parts, from_ns, until_ns: Some(until_ns), who, reason, source: HTTP.into() })
}

fn check_parts(parts: &[AnnouncedPart], view: &dyn ReadModel) -> Result<(), ApiError> {
    if parts.is_empty() {
        return Err(ApiError::bad_request("`parts` is empty: nothing would be quiet")
            .hint(r#"name devices, ports or racks: [{"device":"n1"},{"device":"n2","port":"eth3"},{"rack":"r7"}]"#));
    }
    let devices = view.devices();
    let by_name: HashSet<&str> = devices.iter().map(|view| view.device.as_str()).collect();
    let by_rack: HashSet<&str> = devices.iter().map(|view| view.rack.as_str()).collect();
    let mut ports: Option<HashSet<(String, String)>> = None;
    for (at, part) in parts.iter().enumerate() {
        let refuse = |what: String, hint: String| Err(ApiError::bad_request(format!("parts[{at}]: {what}")).hint(hint));
        let AnnouncedPart { device, port, rack } = part;
        match (device.as_str(), rack.as_str()) {
            ("", "") => return refuse("it names neither a device nor a rack".into(), "give `device` or `rack`".into()),
            ("", rack) if !port.is_empty() => {
                return refuse(format!("rack {rack} has no port {port}"), "give `port` with `device`".into());
            }
            ("", rack) => {
                let racks = || devices.iter().map(|view| view.rack.as_str()).filter(|name| !name.is_empty());
                if !by_rack.contains(rack) {
                    let hint = "racks are those of the plan's devices.csv".to_owned();
                    return refuse(format!("no device stands in rack {rack:?}"), meant(rack, racks()).unwrap_or(hint));
                }
            }
            (device, "") => {
                let names = || devices.iter().map(|view| view.device.as_str());
                if !by_name.contains(device) {
                    let hint = "devices are listed at /api/v1/devices".to_owned();
                    return refuse(format!("there is no device {device:?}"), meant(device, names()).unwrap_or(hint));
                }
                if !port.is_empty() {
                    let of = |port: crate::read::PortView| (port.device, port.port);
                    let known = ports.get_or_insert_with(|| view.ports().into_iter().map(of).collect());
                    let own = || known.iter().filter(|(d, _)| d == device).map(|(_, name)| name.as_str());
                    if !known.contains(&(device.to_owned(), port.clone())) {
                        let hint = "ports are listed at /api/v1/ports".to_owned();
                        return refuse(format!("{device} has no port {port:?}"), meant(port, own()).unwrap_or(hint));
                    }
                }
            }
            _ => return refuse("it names a device and a rack".into(), "give one of the two".into()),
        }
    }
    Ok(())
}

fn meant<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, names).map(|name| format!("did you mean {name}?"))
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> ApiError {
        match error {
            BookError::Full | BookError::Together(_) => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "full", error.to_string())
            }
            BookError::OfAnother { .. } => ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string()).hint(
                "in Slurm, resume the node (scontrol update nodename=NODE state=resume) or delete the reservation; in \
                 Kubernetes, uncordon it (kubectl uncordon NODE)",
            ),
            BookError::Parts(_) => ApiError::bad_request(error.to_string()),
            BookError::Keep { .. } | BookError::Read { .. } => ApiError::internal(error),
        }
    }
}
