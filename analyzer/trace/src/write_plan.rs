//! Writes the four files of a plan: devices, ports, cables, jobs.

use crate::csv_file::{CsvFile, field};
use std::collections::BTreeSet;
use std::io::Result;
use std::path::Path;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

/// Makes the folder where it is not there yet.
pub fn write_plan(dir: &Path, plan: &Plan) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    write_devices(&dir.join("devices.csv"), &plan.devices)?;
    write_ports(&dir.join("ports.csv"), &plan.ports)?;
    write_cables(&dir.join("cables.csv"), &plan.cables)?;
    write_jobs(&dir.join("jobs.csv"), &plan.jobs)
}

/// A label that any device has is a column of its own.
fn write_devices(path: &Path, devices: &[PlanDevice]) -> Result<()> {
    let labels: BTreeSet<&String> = devices.iter().flat_map(|d| d.labels.keys()).collect();
    let columns: String = labels.iter().map(|l| format!(",{}", field(l))).collect();
    let mut file = CsvFile::create(path, &format!("device,kind,tier,rack,pod{columns}"))?;
    for d in devices {
        let [device, kind, tier, rack, pod] = [&d.device, &d.kind, &d.tier, &d.rack, &d.pod].map(|t| field(t));
        let value = |l: &&String| format!(",{}", field(d.labels.get(*l).map_or("", String::as_str)));
        let values: String = labels.iter().map(value).collect();
        file.line(format_args!("{device},{kind},{tier},{rack},{pod}{values}"))?;
    }
    file.finish()
}

/// The column `plane` is written where any port has one.
fn write_ports(path: &Path, ports: &[PlanPort]) -> Result<()> {
    let has_planes = ports.iter().any(|p| !p.plane.is_empty());
    let plane = |text: &str| if has_planes { format!(",{}", field(text)) } else { String::new() };
    let mut file = CsvFile::create(path, &format!("device,port,table,speed_bps,rail,role{}", plane("plane")))?;
    for p in ports {
        let [device, port, table, rail, role] = [&p.device, &p.port, &p.table, &p.rail, &p.role].map(|t| field(t));
        let (speed, plane) = (number(p.speed_bps), plane(&p.plane));
        file.line(format_args!("{device},{port},{table},{speed},{rail},{role}{plane}"))?;
    }
    file.finish()
}

fn write_cables(path: &Path, cables: &[PlanCable]) -> Result<()> {
    let mut file = CsvFile::create(path, "a_device,a_port,b_device,b_port")?;
    for c in cables {
        let [a, b, c, d] = [&c.a_device, &c.a_port, &c.b_device, &c.b_port].map(|t| field(t));
        file.line(format_args!("{a},{b},{c},{d}"))?;
    }
    file.finish()
}

/// The column `port` is written where any rank names its GPU.
fn write_jobs(path: &Path, jobs: &[PlanJob]) -> Result<()> {
    let has_ports = jobs.iter().any(|j| !j.port.is_empty());
    let port = |text: &str| if has_ports { format!(",{}", field(text)) } else { String::new() };
    let mut file = CsvFile::create(path, &format!("job,device,start_ns,end_ns,rank,group{}", port("port")))?;
    for j in jobs {
        let [job, device, group] = [&j.job, &j.device, &j.group].map(|t| field(t));
        let (start, end, rank) = (number(j.start_ns), number(j.end_ns), number(j.rank.map(i64::from)));
        file.line(format_args!("{job},{device},{start},{end},{rank},{group}{}", port(&j.port)))?;
    }
    file.finish()
}

/// Empty when it is not known.
fn number(value: Option<i64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}
