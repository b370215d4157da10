//! weft-sim: a fabric of GPUs, rails, leaves and spines with seeded jobs and faults, and the truth about them.
//!
//! ```text
//! Topology ─► World (links, faults' knobs) ◄─ Workload (jobs: compute, collectives, barriers)
//!                      │ counters                     │ iteration times
//!                      ▼                              ▼
//!                   Sampler ─► Sink: trace folder, or frames as collectors send them     Truth
//! ```
//! It depends on the wire format, the trace format and the transport alone: nothing here knows a detector, and no detector knows this.
//! What is modelled, and what is not: `docs/simulator.md`.

pub mod course;
pub mod damage;
pub mod estimate;
pub mod faults;
pub mod flow;
pub mod instants;
pub mod job;
pub mod layout;
pub mod link;
pub mod live;
pub mod plan;
pub mod rng;
pub mod route;
pub mod sampler;
pub mod script;
pub mod sim;
pub mod sink;
pub mod storage;
pub mod topology;
pub mod truth;
pub mod workload;
pub mod world;

#[cfg(test)]
mod tests;
