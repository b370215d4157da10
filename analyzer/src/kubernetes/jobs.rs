//! Pods with GPUs as rows of the plan: one for each node of a job.
//!
//! | Kubernetes | weft |
//! |---|---|
//! | a JobSet, Job, … `llama` in namespace `team-a` | job `team-a/llama` |
//! | two owners of one name and of two kinds | the second in the order of [`OPERATORS`], those that run first, is `team-a/llama (Job)` |
//! | pods of a job that work | a row a node and role, from the first start there |
//! | a pod that is made anew after a failure, while others work | the job goes on, with that pod's node instead of the other |
//! | all pods are made anew | the job goes on under its name, from the new start, on the new nodes: as one that Slurm requeues |
//! | no pod works any more | the pods that worked when the last of them had begun, each with its end, for five minutes |
//! | numbered within its job, or within its role (master 0, worker 0, worker 1) | ranks 0, 1, 2; none where two would have the same |
//! | which GPUs of the node a pod has | not told: the row is of the node |

use super::KubernetesConfig;
use super::nodes::Nodes;
use super::owners::{OPERATORS, Owner};
use super::pods::GpuPod;
use std::collections::{BTreeMap, BTreeSet};
use weft_wire::plan::PlanJob;

/// A pod of a job, with the time that it works or worked.
struct Member<'a> {
    owner: &'a Owner,
    device: &'a str,
    start_ns: i64,
    end_ns: Option<i64>,
}

/// Pods of a job by namespace, name and kind: the kinds of one name in the order of [`OPERATORS`].
type ByOwner<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<(usize, &'a str), Vec<Member<'a>>>>;

/// In a fixed order, whatever the order of `pods`.
pub fn rows<'a>(pods: impl Iterator<Item = &'a GpuPod>, nodes: &'a Nodes, config: &KubernetesConfig) -> Vec<PlanJob> {
    let mut owners: ByOwner<'a> = BTreeMap::new();
    for pod in pods {
        let (Some(owner), Some(start_ns)) = (&pod.owner, pod.span.start_ns) else { continue };
        let end_ns = pod.span.end_ns;
        // Kubernetes tells seconds: what ended in the second in which it began did no work.
        if end_ns.is_none_or(|end_ns| end_ns > start_ns) {
            let member = Member { owner, device: nodes.device(&pod.node, config.node_names), start_ns, end_ns };
            let kinds = owners.entry((&owner.namespace, &owner.name)).or_default();
            kinds.entry((place(&owner.kind), &owner.kind)).or_default().push(member);
        }
    }
    let mut rows = Vec::new();
    for ((namespace, name), kinds) in owners {
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        // Another one that ended of late takes no name from one that runs.
        kinds.sort_by_key(|(_, members)| members.iter().all(|member| member.end_ns.is_some()));
        for (at, ((_, kind), members)) in kinds.into_iter().enumerate() {
            let job = if at == 0 { format!("{namespace}/{name}") } else { format!("{namespace}/{name} ({kind})") };
            rows.extend(rows_of(&job, &of_now(members)));
        }
    }
    rows
}

/// Operators first, in their order; then all other kinds by their names.
fn place(kind: &str) -> usize {
    OPERATORS.iter().position(|operator| operator.kind == kind).unwrap_or(OPERATORS.len())
}

/// Those that work; where none does, those that worked when the last of them had begun: of two attempts the second.
fn of_now(mut members: Vec<Member<'_>>) -> Vec<Member<'_>> {
    if members.iter().any(|member| member.end_ns.is_none()) {
        members.retain(|member| member.end_ns.is_none());
    } else if let Some(last_ns) = members.iter().map(|member| member.start_ns).max() {
        members.retain(|member| member.end_ns.is_some_and(|end_ns| end_ns > last_ns));
    }
    members
}

fn rows_of(job: &str, members: &[Member<'_>]) -> Vec<PlanJob> {
    let ranks = ranks(members);
    let mut rows: BTreeMap<(&str, &str), PlanJob> = BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        let rank = ranks.as_ref().map(|ranks| ranks[at]);
        let new = || PlanJob {
            job: job.to_owned(),
            device: member.device.to_owned(),
            port: String::new(),
            start_ns: Some(member.start_ns),
            end_ns: member.end_ns,
            rank,
            group: member.owner.group.clone(),
        };
        let row = rows.entry((member.device, &member.owner.group)).or_insert_with(new);
        row.start_ns = row.start_ns.min(Some(member.start_ns));
        row.end_ns = row.end_ns.zip(member.end_ns).map(|(a, b)| a.max(b));
        row.rank = row.rank.min(rank);
    }
    rows.into_values().collect()
}

/// The pods' own numbers where they differ; where they do not, with the leaders before the workers. `None` where some are alike still:
/// the roles of a job may each count from 0. Example: a master 0 and workers 0 and 1 are ranks 0, 1 and 2; a launcher 0 and workers
/// 1 and 2, as the MPI operator counts, are 0, 1 and 2 too.
fn ranks(members: &[Member<'_>]) -> Option<Vec<i32>> {
    let leaders = members.iter().filter(|member| member.owner.is_leader).count();
    let numbered = |leaders: usize| -> Option<Vec<i32>> {
        let before = |member: &Member<'_>| if member.owner.is_leader { 0 } else { leaders };
        let number = |member: &Member<'_>| i32::try_from(member.owner.index? as usize + before(member)).ok();
        let ranks: Vec<i32> = members.iter().map(number).collect::<Option<_>>()?;
        let distinct: BTreeSet<i32> = ranks.iter().copied().collect();
        (distinct.len() == ranks.len()).then_some(ranks)
    };
    numbered(0).or_else(|| numbered(leaders))
}
