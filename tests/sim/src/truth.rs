//! What really happened: each fault's place, time, and the step time it cost, measured on the jobs' own iterations.

use crate::faults::{Nature, Place};
use crate::layout::C;
use crate::script::Planned;
use crate::sim::Fabric;
use crate::topology::PortId;

/// One injected fault and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// `f1`, `f2`, … in order of injection.
    pub fault: String,
    /// Class name of the script and of the trace format; the latter is `None` when there is nothing to name.
    pub script_class: &'static str,
    pub class: Option<&'static str>,
    pub nature: Nature,
    /// Empty for a fault of a job.
    pub device: String,
    pub port: String,
    /// The other end of the cable; empty when there is none.
    pub peer_device: String,
    pub peer_port: String,
    /// Seconds since the start.
    pub begin: f64,
    pub end: f64,
    pub strength: f64,
    pub over: bool,
    /// Fraction of step time that the hardest-hit job lost; `None` until it is over, or when it cannot be measured.
    pub step_loss: Option<f64>,
    /// The job that lost it, or the job meant.
    pub job: String,
    /// A part that looks worse than the culprit, and why.
    pub decoy: Option<String>,
}

impl Truth {
    pub fn new(number: usize, planned: &Planned, fabric: &Fabric) -> Truth {
        let topology = &fabric.world.topology;
        let name = |port: PortId| {
            let (device, port) = topology.name_of(port);
            (device.to_owned(), port.to_owned())
        };
        let ((device, port), (peer_device, peer_port)) = match planned.place {
            Place::Port(port) => (name(port), topology.ports[port].peer.map(name).unwrap_or_default()),
            Place::Device(device) => ((topology.devices[device].name.clone(), String::new()), Default::default()),
            Place::Job(_) => Default::default(),
        };
        let job = match planned.place {
            Place::Job(job) => fabric.jobs[job].spec.name.clone(),
            _ => String::new(),
        };
        Truth {
            fault: format!("f{number}"),
            script_class: planned.fault.class(),
            class: planned.fault.truth_class(),
            nature: planned.fault.nature(),
            device,
            port,
            peer_device,
            peer_port,
            begin: planned.at_s,
            end: planned.at_s + planned.for_s,
            strength: planned.strength,
            over: false,
            step_loss: None,
            job,
            decoy: None,
        }
    }

    /// Measures what was lost, once the fault is over.
    pub fn measure(&mut self, fabric: &Fabric) {
        self.over = true;
        if self.nature != Nature::Hardware {
            return;
        }
        let losses = fabric.jobs.iter().filter_map(|job| {
            let usual = job.usual_period(self.begin)?;
            let inside = |i: &&crate::job::Iteration| i.start >= self.begin && i.end <= self.end;
            let touching = |i: &&crate::job::Iteration| i.end > self.begin && i.start < self.end;
            let mut periods: Vec<f64> = job.iterations.iter().filter(inside).map(|i| i.end - i.start).collect();
            if periods.is_empty() {
                let running = Some(self.end - job.began()).filter(|length| *length > usual); // it hangs
                periods = job.iterations.iter().filter(touching).map(|i| i.end - i.start).chain(running).collect();
            }
            let mean = periods.iter().sum::<f64>() / periods.len() as f64;
            (mean > 0.0).then(|| ((1.0 - usual / mean).max(0.0), job.spec.name.clone()))
        });
        if let Some((loss, job)) = losses.max_by(|a, b| a.0.total_cmp(&b.0)) {
            (self.step_loss, self.job) = (Some(loss), job);
        }
    }
}

/// The innocent NIC whose error counters rose most, and by how much, since `before` (one reading a port).
pub fn loudest_victim(fabric: &Fabric, before: &[f64], culprit: Place) -> Option<String> {
    let topology = &fabric.world.topology;
    let guilty = |port: PortId| match culprit {
        Place::Port(bad) => port == bad || topology.ports[bad].peer == Some(port),
        Place::Device(bad) => topology.ports[port].device == bad,
        Place::Job(_) => true,
    };
    let rises = complaints(fabric).into_iter().zip(before).map(|(now, before)| now - before).enumerate();
    let (port, rise) = rises.filter(|(port, _)| !guilty(*port)).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (device, name) = topology.name_of(port);
    (rise >= 1.0).then(|| format!("{device}/{name}: {rise:.0} more CNPs, retransmits and out-of-sequence packets"))
}

/// `[port]`: what a naive rule would look at.
pub fn complaints(fabric: &Fabric) -> Vec<f64> {
    let of = |port| {
        [C::CnpSent, C::CnpHandled, C::OutOfSequence, C::Retransmits, C::AckTimeouts]
            .iter()
            .map(|&c| fabric.world.count(port, c))
            .sum()
    };
    (0..fabric.world.topology.ports.len()).map(of).collect()
}
