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
        let pace = &mut self.jobs[job].pace;
        let seats = std::mem::take(&mut pace.seats);
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
