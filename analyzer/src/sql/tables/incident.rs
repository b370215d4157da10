//! `incident`: one row an incident, with its first culprit and the job it costs most. The rest is in `body`, as JSON.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_judge::incident::{Incident, JobLoss};

pub const TABLE: SqlTable = SqlTable {
    name: "incident",
    kind: Kind::Small(table),
    about: "One row an incident, with its first culprit and the job it costs most; the rest is in body.",
    example: "SELECT opened, class, device, port, sentence FROM incident WHERE state = 'open' ORDER BY lost_step_time DESC",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let incidents = store.incidents();
    let rows = || incidents.iter();
    let culprit = |i: usize| {
        move |incident: &std::sync::Arc<Incident>| {
            let first = incident.culprits.first()?;
            Some([&first.device, &first.port, &first.peer_device, &first.peer_port][i].clone())
        }
    };
    Rows::default()
        .text("id", rows().map(|i| &i.id))
        .text("class", rows().map(|i| &i.class))
        .text("family", rows().map(|i| &i.family))
        .text("kind", rows().map(|i| word(&i.kind)))
        .text("state", rows().map(|i| word(&i.state)))
        .text("severity", rows().map(|i| word(&i.severity)))
        .text("tier", rows().map(|i| word(&i.tier)))
        .float("confidence", "1", rows().map(|i| Some(i.confidence)))
        .maybe_text("device", rows().map(culprit(0)))
        .maybe_text("port", rows().map(culprit(1)))
        .maybe_text("peer_device", rows().map(culprit(2)))
        .maybe_text("peer_port", rows().map(culprit(3)))
        .maybe_text("job", rows().map(|i| worst(i).map(|j| &j.job)))
        .float("lost_step_time", "1", rows().map(|i| worst(i).and_then(|j| j.lost_step_time)))
        .time("onset", rows().map(|i| Some(i.onset_ns)))
        .time("opened", rows().map(|i| i.opened_ns))
        .time("resolved", rows().map(|i| i.resolved_ns))
        .text("sentence", rows().map(|i| &i.sentence))
        .text("action", rows().map(|i| &i.action))
        .maybe_text("body", rows().map(|i| serde_json::to_string(&**i).ok()))
        .finish()
}

/// A unit variant, as JSON names it.
pub fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn worst(incident: &Incident) -> Option<&JobLoss> {
    let loss = |j: &JobLoss| j.lost_step_time.unwrap_or(-1.0);
    incident.jobs.iter().max_by(|a, b| loss(a).total_cmp(&loss(b)))
}
