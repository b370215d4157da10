//! What the plan says of the places that alerts name, for labels by which people group and route.

use std::collections::{BTreeSet, HashMap};
use weft_judge::incident::{Culprit, Incident};
use weft_wire::plan::{Plan, PlanJob};

#[derive(Debug, Default)]
pub struct Places {
    racks: HashMap<String, String>,
    /// By device and port.
    rails: HashMap<(String, String), String>,
    /// By device.
    jobs: HashMap<String, Vec<PlanJob>>,
}

impl Places {
    pub fn of(plan: &Plan) -> Places {
        let racks = plan.devices.iter().map(|device| (device.device.clone(), device.rack.clone()));
        let rails = plan.ports.iter().map(|port| ((port.device.clone(), port.port.clone()), port.rail.clone()));
        let mut jobs: HashMap<String, Vec<PlanJob>> = HashMap::new();
        for job in &plan.jobs {
            jobs.entry(job.device.clone()).or_default().push(job.clone());
        }
        Places {
            racks: racks.filter(|(_, rack)| !rack.is_empty()).collect(),
            rails: rails.filter(|(_, rail)| !rail.is_empty()).collect(),
            jobs,
        }
    }

    /// Of the culprit's device.
    pub fn rack(&self, culprit: &Culprit) -> String {
        self.racks.get(&culprit.device).cloned().unwrap_or_default()
    }

    /// Of the culprit's port; plans give a rail to the host's end of a cable, so else of the port at its far end.
    pub fn rail(&self, culprit: &Culprit) -> String {
        let of = |device: &str, port: &str| self.rails.get(&(device.to_owned(), port.to_owned())).cloned();
        let own = of(&culprit.device, &culprit.port);
        own.or_else(|| of(&culprit.peer_device, &culprit.peer_port)).unwrap_or_default()
    }

    /// The one job that the incident hits; empty when there are several or none. What is told at once, before any loss
    /// could be measured, hits the jobs that the plan has on the culprit's devices at that time.
    pub fn job(&self, incident: &Incident) -> String {
        let hit: BTreeSet<&str> = match incident.jobs.as_slice() {
            [] => {
                incident.culprits.first().map_or_else(BTreeSet::new, |culprit| self.planned(culprit, incident.onset_ns))
            }
            jobs => jobs.iter().map(|loss| loss.job.as_str()).collect(),
        };
        let mut hit = hit.into_iter();
        hit.next().filter(|_| hit.next().is_none()).unwrap_or_default().to_owned()
    }

    fn planned(&self, culprit: &Culprit, at_ns: i64) -> BTreeSet<&str> {
        let on =
            [&culprit.device, &culprit.peer_device].into_iter().filter_map(|device| self.jobs.get(device)).flatten();
        let runs = |job: &&PlanJob| {
            job.start_ns.is_none_or(|start_ns| start_ns <= at_ns) && job.end_ns.is_none_or(|end_ns| at_ns < end_ns)
        };
        on.filter(runs).map(|job| job.job.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::incident::JobLoss;
    use weft_judge::sample::open;
    use weft_wire::plan::{PlanDevice, PlanPort};

    fn job(job: &str, device: &str, end_ns: Option<i64>) -> PlanJob {
        PlanJob { job: job.into(), device: device.into(), end_ns, ..PlanJob::default() }
    }

    fn places(jobs: &[PlanJob]) -> Places {
        let rack =
            |device: &str, rack: &str| PlanDevice { device: device.into(), rack: rack.into(), ..PlanDevice::default() };
        let rail = |device: &str, port: &str, rail: &str| PlanPort {
            device: device.into(),
            port: port.into(),
            rail: rail.into(),
            ..PlanPort::default()
        };
        Places::of(&Plan {
            devices: vec![rack("leaf-1", "r7"), rack("spine-2", "")],
            ports: vec![rail("leaf-1", "eth3", ""), rail("spine-2", "eth1", "3")],
            jobs: jobs.to_vec(),
            ..Plan::default()
        })
    }

    #[test]
    fn the_rail_of_a_cable_stands_at_either_end() {
        let (places, incident) = (places(&[]), open("1"));
        let there = &incident.culprits[0];
        let far = Culprit { device: "spine-2".into(), port: "eth1".into(), ..there.clone() };
        assert_eq!((places.rack(there), places.rail(there)), ("r7".into(), "3".into()));
        assert_eq!((places.rack(&far), places.rail(&far)), (String::new(), "3".into()));
    }

    #[test]
    fn a_job_is_named_when_it_is_the_only_one() {
        let loss = |job: &str| JobLoss { job: job.into(), lost_step_time: None, explained: None };
        let with = |jobs: &[&str]| Incident { jobs: jobs.iter().map(|job| loss(job)).collect(), ..open("1") };
        let over = job("over", "leaf-1", Some(1));
        let cases: [(Vec<PlanJob>, &[&str], &str); 6] = [
            (vec![], &["a"], "a"),
            (vec![job("b", "leaf-1", None)], &["a"], "a"),
            (vec![], &["a", "b"], ""),
            (vec![], &[], ""),
            (vec![job("b", "spine-2", None), job("b", "leaf-1", None), over.clone()], &[], "b"),
            (vec![job("b", "spine-2", None), job("c", "leaf-1", None), over], &[], ""),
        ];
        for (plan, hit, expected) in cases {
            assert_eq!(places(&plan).job(&with(hit)), expected, "{plan:?} {hit:?}");
        }
    }
}
