//! The simulator's plan as the analyzer's.

use weft_sim::plan::PlanRows;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

pub fn plan(rows: PlanRows) -> Plan {
    let device = |row: weft_sim::plan::DeviceRow| PlanDevice {
        device: row.device,
        kind: row.kind.into(),
        tier: row.tier.into(),
        rack: row.rack,
        pod: row.pod,
        labels: Default::default(),
    };
    let port = |row: weft_sim::plan::PortRow| PlanPort {
        device: row.device,
        port: row.port,
        table: row.table.into(),
        speed_bps: row.speed_bps,
        rail: row.rail.map_or(String::new(), |r| r.to_string()),
        role: row.role.into(),
        plane: String::new(),
    };
    let cable = |row: weft_sim::plan::CableRow| PlanCable {
        a_device: row.a_device,
        a_port: row.a_port,
        b_device: row.b_device,
        b_port: row.b_port,
    };
    let job = |row: weft_sim::plan::JobRow| PlanJob {
        job: row.job,
        device: row.device,
        port: String::new(),
        start_ns: Some(row.start_ns),
        end_ns: row.end_ns,
        rank: i32::try_from(row.rank).ok(),
        group: row.group,
    };
    Plan {
        devices: rows.devices.into_iter().map(device).collect(),
        ports: rows.ports.into_iter().map(port).collect(),
        cables: rows.cables.into_iter().map(cable).collect(),
        jobs: rows.jobs.into_iter().map(job).collect(),
    }
}
