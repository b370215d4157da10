//! Kubernetes as a source of jobs and of maintenance: its API server tells of pods and nodes as they change.
//!
//! ```text
//!            ┌► pods:  list, then every change ─► those with GPUs ─► their owners ─► rows of jobs ─► plan in force
//! API server ┤                                                                        │ busy nodes
//!            └► nodes: list, then every change ─► cordoned ones ──────────────────────┴► book of maintenance
//! ```
//! Example: the pods `llama-workers-0-0-x2x4k` and `llama-workers-0-1-9qk7d` carry the label `jobset.sigs.k8s.io/jobset-name: llama`
//! and run on `gpu001` and `gpu002`: job `team-a/llama` runs on two nodes, ranks 0 and 1, from when the first container started.
//! An API server that does not answer ends no job: what it said last stays in force, and that it is old is said.

mod config;
mod connect;
mod jobs;
mod maintenance;
mod nodes;
mod object;
mod owners;
mod pods;
mod span;
#[cfg(test)]
mod tests;
mod trouble;
mod watch;
mod watched;

pub use config::{KubernetesConfig, NodeNames};
pub use watch::watch;
