//! Which hosts and ports a job's readings come from, and their readings of a tick handed to its pace.

use super::super::Features;
use super::super::cables::Packets;
use super::super::sample::Sample;
use super::JobPace;
use crate::fabric::{DeviceId, Job, PortId};

/// Hosts of a job that make a majority that can be told from one of them.
pub const LEAST_HOSTS: usize = 3;

/// A host of a job and its ports that carry the job's bytes, both in order of their names, so that the order is the same in
/// every process.
#[derive(Clone, Debug)]
pub struct Seat {
    pub device: DeviceId,
    group: u32,
    ports: Vec<PortId>,
}

impl Features {
    fn seats(&self, job: &Job) -> Vec<Seat> {
        let mut hosts = job.devices.clone();
        hosts.sort_by(|&a, &b| self.topology.devices[a].name.cmp(&self.topology.devices[b].name));
        let seat = |device: usize| {
            let ports = self.topology.devices[device].ports.iter().copied();
            let mut ports: Vec<PortId> = ports.filter(|&port| self.topology.ports[port].compute).collect();
            ports.sort_by_key(|&port| self.topology.name(port).port);
            Seat { device, group: job.groups.get(&device).copied().unwrap_or(u32::MAX), ports }
        };
        hosts.into_iter().map(seat).collect()
    }

    /// `samples`: those of the tick, by port and time.
    pub(in crate::features) fn update_pace(&mut self, samples: &[(PortId, Sample)], packets: &Packets) {
        for job in 0..self.topology.jobs.len() {
            let plan = &self.topology.jobs[job];
            let runs = plan.runs_at(self.now_ns);
            if runs && plan.devices.len() >= LEAST_HOSTS {
                self.update_pace_of(job, |port| packets.rows(port, samples));
            }
        }
    }

    fn update_pace_of<'a>(&mut self, job: usize, rows: impl Fn(PortId) -> &'a [(PortId, Sample)]) {
        if self.jobs[job].pace.ports_known != self.topology.ports.len() {
            self.find_seats(job);
        }
        let beside = self.beside(job);
        let pace = &mut self.jobs[job].pace;
        let seats = std::mem::take(&mut pace.seats);
        if pace.beside != beside {
            // What is known by the marks of the loop is exact, whoever else sends.
            let JobPace { of, ports_known, origin_ns, step, .. } = *pace;
            let by_marks = pace.by_marks.take();
            *pace = JobPace { of, beside, ports_known, origin_ns, step, by_marks, ..JobPace::default() };
        }
        let readings: Vec<Vec<&[(PortId, Sample)]>> =
            seats.iter().map(|seat| seat.ports.iter().map(|&port| rows(port)).collect()).collect();
        let groups: Vec<u32> = seats.iter().map(|seat| seat.group).collect();
        let rows = pace.aligned.update(self.bin_ns, self.now_ns, &readings);
        rows.iter().for_each(|row| pace.push(row, &groups));
        pace.seats = seats;
    }

    /// Finds the job's hosts and their ports by name. With others than before everything begins anew.
    fn find_seats(&mut self, job: usize) {
        let seats = self.seats(&self.topology.jobs[job]);
        let of = self.names(&seats);
        let pace = &mut self.jobs[job].pace;
        if pace.of != of {
            *pace = JobPace { of, ..JobPace::default() };
        }
        (pace.seats, pace.ports_known) = (seats, self.topology.ports.len());
    }

    /// Of the names of the jobs that now run on the job's hosts too. Where one begins or ends, the bytes of an iteration change, and what a
    /// search finds in readings of both times is the pace of neither. 0: it is alone.
    fn beside(&self, job: usize) -> u64 {
        let jobs = &self.topology.jobs;
        let running = jobs[job].beside.iter().filter(|&&other| jobs[other].runs_at(self.now_ns));
        running.fold(0, |all, &other| all ^ xxhash_rust::xxh3::xxh3_64(jobs[other].name.as_bytes()))
    }

    fn names(&self, seats: &[Seat]) -> u64 {
        let mut names = String::new();
        for seat in seats {
            names.push_str(&self.topology.devices[seat.device].name);
            for &port in &seat.ports {
                names.push('/');
                names.push_str(&self.topology.name(port).port);
            }
            names.push('\n');
        }
        xxhash_rust::xxh3::xxh3_64(names.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Extra, SECOND, Scene, iteration, star};
    use weft_wire::plan::PlanJob;

    #[test]
    fn a_job_that_begins_or_ends_on_one_of_its_hosts_begins_its_pace_anew() {
        let mut plan = star(4);
        let begin_ns = Scene::new(star(4)).now_ns();
        let at = |second: i64| Some(begin_ns + second * SECOND);
        let other = |job: &str, device: &str| PlanJob {
            job: job.into(),
            device: device.into(),
            start_ns: at(30),
            end_ns: at(60),
            ..PlanJob::default()
        };
        plan.jobs.extend([other("beside", "h1"), other("elsewhere", "h9")]);
        let mut scene = Scene::new(plan);
        let find = |name: &str| scene.engine.features().topology.jobs.iter().position(|job| job.name == name);
        let train = find("train").expect("planned");
        let mut readings = Vec::new();
        for _ in 0..90 {
            scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra::default());
            readings.push(scene.engine.features().jobs[train].pace.readings);
        }
        let anew: Vec<usize> = (1..readings.len()).filter(|&second| readings[second] < readings[second - 1]).collect();
        assert_eq!(anew, [29, 59], "{readings:?}");
    }
}
