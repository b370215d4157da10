//! Which job a pod belongs to: what its labels say, which its operator wrote, or else the object that made it.
//!
//! | the pod | its job | group | rank |
//! |---|---|---|---|
//! | has one of `job_labels` of the configuration | that | `group_labels` | `rank_labels` |
//! | has the labels of a row of [`OPERATORS`] | that | by the row | by the row |
//! | was made by a ReplicaSet of a Deployment | the Deployment | itself: replicas do not work together | none |
//! | was made by a DaemonSet | none: it belongs to its node | | |
//! | was made by anything else (a StatefulSet, an unknown operator) | that | none | the index of a StatefulSet's pod |
//! | was made by hand | itself | none | none |

use super::config::KubernetesConfig;
use super::object::Pod;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An operator that makes pods which train together, by the labels that it gives them.
#[derive(Debug)]
pub struct Operator {
    /// Kind of the object that users write.
    pub kind: &'static str,
    /// Holds the name of that object.
    name: &'static str,
    /// Holds the role; pods of one role do the same work and are compared with each other.
    role: Option<&'static str>,
    /// Holds the number of the pod within its role, from 0.
    index: Option<&'static str>,
}

/// One row a kind of owner. The first one whose `name` a pod has is its owner, so that a kind stands above those it is built on: the
/// pods of a JobSet are pods of batch Jobs too.
#[rustfmt::skip]
pub const OPERATORS: [Operator; 8] = [
    Operator { kind: "RayCluster", name: "ray.io/cluster", role: Some("ray.io/group"), index: None },
    // TrainJob (Kubeflow Trainer 2) makes a JobSet of its own name.
    Operator { kind: "JobSet", name: "jobset.sigs.k8s.io/jobset-name", role: Some("jobset.sigs.k8s.io/replicatedjob-name"), index: Some(COMPLETION_INDEX) },
    // PyTorchJob, MPIJob, JAXJob, XGBoostJob, TFJob, PaddleJob.
    Operator { kind: "training-operator", name: "training.kubeflow.org/job-name", role: Some("training.kubeflow.org/replica-type"), index: Some("training.kubeflow.org/replica-index") },
    Operator { kind: "Volcano Job", name: "volcano.sh/job-name", role: Some("volcano.sh/task-spec"), index: Some("volcano.sh/task-index") },
    // Its groups are replicas that do not work together: each is compared within itself.
    Operator { kind: "LeaderWorkerSet", name: "leaderworkerset.sigs.k8s.io/name", role: Some("leaderworkerset.sigs.k8s.io/group-index"), index: Some("leaderworkerset.sigs.k8s.io/worker-index") },
    Operator { kind: "Kueue pod group", name: "kueue.x-k8s.io/pod-group-name", role: None, index: Some("kueue.x-k8s.io/pod-group-pod-index") },
    Operator { kind: "Job", name: "batch.kubernetes.io/job-name", role: None, index: Some(COMPLETION_INDEX) },
    // Before Kubernetes 1.27.
    Operator { kind: "Job", name: "job-name", role: None, index: Some(COMPLETION_INDEX) },
];

/// A label since Kubernetes 1.28, an annotation before.
const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";
const STATEFULSET_INDEX: &str = "apps.kubernetes.io/pod-index";
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Roles that do the same work as the workers, and are numbered before them: rank 0 is the master, rank 1 worker 0.
const LEADERS: [&str; 3] = ["master", "chief", "launcher"];
const WORKER: &str = "worker";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub namespace: String,
    pub kind: String,
    pub name: String,
    pub group: String,
    pub index: Option<u32>,
    pub is_leader: bool,
}

/// `None`: it is no part of a job.
pub fn owner(pod: &Pod, config: &KubernetesConfig) -> Option<Owner> {
    let none = BTreeMap::new();
    let meta = &pod.metadata;
    let labels = meta.labels.as_ref().unwrap_or(&none);
    let annotations = meta.annotations.as_ref().unwrap_or(&none);
    let said = |key: &str| labels.get(key).or_else(|| annotations.get(key)).filter(|value| !value.is_empty());
    let first = |keys: &[String]| keys.iter().find_map(|key| said(key)).cloned();
    let number = |text: &String| text.parse::<u32>().ok();
    let namespace = meta.namespace.clone().unwrap_or_default();
    if let Some(name) = first(&config.job_labels) {
        let group = first(&config.group_labels).unwrap_or_default();
        let index = first(&config.rank_labels).as_ref().and_then(number);
        return Some(Owner { namespace, kind: "job label".to_owned(), name, group, index, is_leader: false });
    }
    let by_operator = OPERATORS.iter().find_map(|operator| Some((operator, said(operator.name)?)));
    if let Some((operator, name)) = by_operator {
        let role = operator.role.and_then(said).map(|role| role.to_ascii_lowercase()).unwrap_or_default();
        let is_leader = operator.index.is_some() && LEADERS.contains(&role.as_str());
        return Some(Owner {
            namespace,
            kind: operator.kind.to_owned(),
            name: name.clone(),
            group: if is_leader { WORKER.to_owned() } else { role },
            index: operator.index.and_then(said).and_then(number),
            is_leader,
        });
    }
    let own_name = meta.name.clone().unwrap_or_default();
    let maker = meta.owner_references.iter().flatten().find(|maker| maker.controller == Some(true));
    let (kind, name, group) = match maker.map(|maker| (maker.kind.as_str(), maker.name.as_str())) {
        Some(("DaemonSet", _)) => return None,
        // Pods of the node's own files say that the node made them.
        None | Some(("Node", _)) => ("Pod", Cow::Borrowed(own_name.as_str()), ""),
        Some(("ReplicaSet", name)) => ("Deployment", of_deployment(name, said(TEMPLATE_HASH)), own_name.as_str()),
        Some((kind, name)) => (kind, Cow::Borrowed(name), ""),
    };
    let (kind, name, group) = (kind.to_owned(), name.into_owned(), group.to_owned());
    Some(Owner { namespace, kind, name, group, index: said(STATEFULSET_INDEX).and_then(number), is_leader: false })
}

/// A Deployment calls its ReplicaSets by its own name and a hash, which their pods have as a label.
fn of_deployment<'a>(replica_set: &'a str, hash: Option<&String>) -> Cow<'a, str> {
    let stem = hash.and_then(|hash| replica_set.strip_suffix(hash.as_str())).and_then(|stem| stem.strip_suffix('-'));
    Cow::Borrowed(stem.unwrap_or(replica_set))
}
