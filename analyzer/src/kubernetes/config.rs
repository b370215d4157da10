//! `[kubernetes]`.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use weft_settings::Wrong;

/// By which of a node's names weft's collector there is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeNames {
    #[default]
    Name,
    Short,
    Hostname,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KubernetesConfig {
    /// Whether jobs and cordoned nodes are taken from Kubernetes.
    pub enabled: bool,
    /// File that says how the API server is reached. Without it, and without a context, the service account of weft's own pod is used.
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; its current one when empty.
    pub context: String,
    /// Namespaces whose pods are watched; all when empty. Pods of other namespaces are unknown: their nodes count as idle.
    pub namespaces: Vec<String>,
    /// Label selector that narrows the pods to be watched: `workload=training`. All when empty.
    pub selector: String,
    /// Resources that are GPUs; `*` at the end stands for anything. A pod that requests none of them is left out.
    pub gpus: Vec<String>,
    /// Names by which containers claim GPUs (`resources.claims`), where these are allocated dynamically; `*` at the end stands for anything.
    pub claims: Vec<String>,
    /// `name`: collectors are called as their nodes; `short`: as their nodes up to the first dot; `hostname`: as the nodes' label
    /// `kubernetes.io/hostname`.
    pub node_names: NodeNames,
    /// Labels of a pod that name its job, looked for in this order and before those of the known operators.
    pub job_labels: Vec<String>,
    /// Labels of a pod that name the group of pods which do the same work as it, for jobs that `job_labels` name.
    pub group_labels: Vec<String>,
    /// Labels of a pod that number it within its job, from 0, for jobs that `job_labels` name.
    pub rank_labels: Vec<String>,
    /// Whether cordoned nodes on which no pod with GPUs runs are under maintenance.
    pub maintenance: bool,
    /// Keys of taints that announce maintenance as a cordon does.
    pub maintenance_taints: Vec<String>,
    /// Annotations of a node that say why it is cordoned, looked for in this order.
    pub reason_annotations: Vec<String>,
    /// A watch is renewed after so long, s: an API server that is gone without a word is found out 5 s later.
    pub timeout_s: u32,
}

impl Default for KubernetesConfig {
    fn default() -> Self {
        let gpus = ["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-*", "amd.com/gpu"];
        KubernetesConfig {
            enabled: false,
            kubeconfig: None,
            context: String::new(),
            namespaces: Vec::new(),
            selector: String::new(),
            gpus: gpus.map(str::to_owned).to_vec(),
            claims: Vec::new(),
            node_names: NodeNames::Name,
            job_labels: Vec::new(),
            group_labels: Vec::new(),
            rank_labels: Vec::new(),
            maintenance: true,
            maintenance_taints: Vec::new(),
            reason_annotations: Vec::new(),
            timeout_s: 60,
        }
    }
}

impl KubernetesConfig {
    /// What the types cannot say.
    pub fn check(&self) -> Result<(), Wrong> {
        if !(5..=3600).contains(&self.timeout_s) {
            let what = format!("{} is not within 5 to 3600", self.timeout_s);
            return Err(Wrong::new("kubernetes.timeout_s", what));
        }
        if self.gpus.is_empty() {
            return Err(Wrong::new(
                "kubernetes.gpus",
                "no resource is a GPU: write [\"nvidia.com/gpu\"], or leave it out",
            ));
        }
        for gpu in &self.gpus {
            let (stem, is_sound) = (gpu.strip_suffix('*').unwrap_or(gpu), |stem: &str| !stem.contains('*'));
            if stem.is_empty() || !is_sound(stem) {
                let what =
                    format!("{gpu:?} names no resource; write nvidia.com/gpu, or nvidia.com/mig-* with a * at the end");
                return Err(Wrong::new("kubernetes.gpus", what));
            }
        }
        let is_name = |name: &&String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if let Some(wrong) = self.namespaces.iter().find(|name| !is_name(name)) {
            let what = format!("{wrong:?} is no namespace; leave the key out to watch all");
            return Err(Wrong::new("kubernetes.namespaces", what));
        }
        Ok(())
    }

    /// Whether a resource of this name is a GPU.
    pub fn is_gpu(&self, resource: &str) -> bool {
        is_one_of(resource, &self.gpus)
    }

    /// Whether what a container claims by this name are GPUs.
    pub fn claims_gpus(&self, claim: &str) -> bool {
        is_one_of(claim, &self.claims)
    }
}

fn is_one_of(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(stem) => name.starts_with(stem),
        None => name == pattern,
    })
}
