//! From when until when the containers of a pod that have GPUs work.
//!
//! | Kubernetes | the pod works |
//! |---|---|
//! | no container with GPUs has started yet | not yet |
//! | one has started | from that start |
//! | one ended, and the pod's restart policy starts it again | still: it keeps its GPUs, and its job waits for it |
//! | all ended, and none is started again, whatever other containers do | until the last one ended |
//! | phase `Succeeded` or `Failed` | the same; where no container says when, until the last change of a condition |
//! | its time to be deleted is past | until then: nobody hears of the end of a pod on a node that is lost |
//!
//! Kubernetes tells times to the second.

use super::object::{ContainerStatus, Pod, ns};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start_ns: Option<i64>,
    pub end_ns: Option<i64>,
}

/// `gpus`: the names of the containers that have GPUs. `now_ns`: when this is heard; a pod that ended at no known time ended then.
pub fn span(pod: &Pod, gpus: &[&str], now_ns: i64) -> Span {
    let statuses = &pod.status.container_statuses;
    let own: Vec<&ContainerStatus> = statuses.iter().filter(|status| gpus.contains(&status.name.as_str())).collect();
    Span { start_ns: own.iter().filter_map(|status| start(status)).min(), end_ns: end(pod, &own, gpus.len(), now_ns) }
}

fn start(status: &ContainerStatus) -> Option<i64> {
    let running = status.state.running.as_ref().and_then(|running| ns(running.started_at.as_deref()));
    let ended = [&status.state, &status.last_state];
    let ended = ended.into_iter().filter_map(|state| ns(state.terminated.as_ref()?.started_at.as_deref()));
    running.into_iter().chain(ended).min()
}

fn end(pod: &Pod, own: &[&ContainerStatus], gpus: usize, now_ns: i64) -> Option<i64> {
    let is_over = matches!(pod.status.phase.as_str(), "Succeeded" | "Failed");
    let ended = own.iter().filter(|status| is_final(status, &pod.spec.restart_policy)).count();
    if !is_over && (ended < gpus || own.is_empty()) {
        return None;
    }
    let finished = own.iter().flat_map(|status| [&status.state, &status.last_state]);
    let finished = finished.filter_map(|state| ns(state.terminated.as_ref()?.finished_at.as_deref())).max();
    let changes = pod.status.conditions.iter();
    let changed = || changes.filter_map(|condition| ns(condition.last_transition_time.as_deref())).max();
    Some(finished.or_else(changed).unwrap_or(now_ns))
}

fn is_final(status: &ContainerStatus, restart_policy: &str) -> bool {
    let ended = status.state.terminated.as_ref();
    ended.is_some_and(|ended| match restart_policy {
        "Never" => true,
        "OnFailure" => ended.exit_code == 0,
        _ => false,
    })
}
