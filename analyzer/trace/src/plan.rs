//! The plan folder, and the same four files of a trace.

use crate::error::{Result, TraceError};
use crate::table::Table;
use std::collections::HashSet;
use std::path::Path;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

const FOLDER: &str = "a plan is a folder of devices.csv, and ports.csv, cables.csv and jobs.csv where known";
const DEVICES: &str = "it lists what should be there: device,kind[,tier,rack,pod]";
const DEVICE_COLUMNS: [&str; 5] = ["device", "kind", "tier", "rack", "pod"];
const PORT_TABLES: [&str; 5] = ["nic", "switch_port", "gpu", "gpu_link", "host"];

/// Reads devices, ports, cables and jobs; a file that is not there is an empty one, but a plan without devices is none.
pub fn load_plan(dir: &Path) -> Result<Plan> {
    if !dir.is_dir() {
        let what = if dir.exists() { "not a folder" } else { "no such folder" };
        return Err(TraceError::new(dir.display().to_string(), 0, what, FOLDER));
    }
    let (devices, ports, cables, jobs) = (devices(dir)?, ports(dir)?, cables(dir)?, jobs(dir)?);
    let plan = Plan { devices, ports, cables, jobs, ..Plan::default() };
    check(&plan, dir)?;
    Ok(plan)
}

fn check(plan: &Plan, dir: &Path) -> Result<()> {
    let known: HashSet<(&str, &str)> = plan.ports.iter().map(|p| (p.device.as_str(), p.port.as_str())).collect();
    for (row, cable) in plan.cables.iter().enumerate() {
        for end in [(&cable.a_device, &cable.a_port), (&cable.b_device, &cable.b_port)] {
            if !known.contains(&(end.0.as_str(), end.1.as_str())) {
                let file = dir.join("cables.csv").display().to_string();
                let what = format!("a cable ends at {}/{}, which ports.csv does not have", end.0, end.1);
                return Err(TraceError::new(file, row as u64 + 2, what, "add the port, or mend the cable"));
            }
        }
    }
    Ok(())
}

fn devices(dir: &Path) -> Result<Vec<PlanDevice>> {
    let mut table = Table::required(dir, "devices.csv", DEVICES)?;
    let [device, kind] = [table.column("device")?, table.column("kind")?];
    let [tier, rack, pod] = ["tier", "rack", "pod"].map(|c| table.optional_column(c));
    let labels: Vec<_> = table.header().iter().filter(|h| !DEVICE_COLUMNS.contains(&h.as_str())).cloned().collect();
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    while table.next_row()? {
        let name = table.name(device, "device")?.to_owned();
        if !seen.insert(name.clone()) {
            return Err(table.error(format!("device {name} twice"), "keep one row a device"));
        }
        let kind = match table.text(kind)? {
            kind @ ("node" | "switch") => kind.to_owned(),
            other => return Err(table.error(format!("kind is {other:?}"), "write node or switch")),
        };
        let label = |l: &String| Ok((l.clone(), table.text(table.optional_column(l))?.to_owned()));
        let labels = labels.iter().map(label).collect::<Result<_>>()?;
        let [tier, rack, pod] = [tier, rack, pod].map(|c| table.text(c).map(str::to_owned));
        rows.push(PlanDevice { device: name, kind, tier: tier?, rack: rack?, pod: pod?, labels });
    }
    Ok(rows)
}

fn ports(dir: &Path) -> Result<Vec<PlanPort>> {
    let Some(mut table) = Table::open(dir, "ports.csv")? else { return Ok(Vec::new()) };
    let [device, port, of] = [table.column("device")?, table.column("port")?, table.column("table")?];
    let [speed, rail, role, plane] = ["speed_bps", "rail", "role", "plane"].map(|c| table.optional_column(c));
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    while table.next_row()? {
        let of = table.text(of)?;
        if !PORT_TABLES.contains(&of) {
            return Err(table.error(format!("table is {of:?}"), format!("write one of {}", PORT_TABLES.join(", "))));
        }
        let row = PlanPort {
            device: table.name(device, "device")?.to_owned(),
            port: if of == "host" { table.text(port)? } else { table.name(port, "port")? }.to_owned(),
            table: of.to_owned(),
            speed_bps: table.optional_int(speed, "speed_bps")?.filter(|&s| s > 0),
            rail: table.text(rail)?.to_owned(),
            role: table.text(role)?.to_owned(),
            plane: table.text(plane)?.to_owned(),
        };
        if !seen.insert((row.table.clone(), row.device.clone(), row.port.clone())) {
            return Err(table.error(format!("port {}/{} twice", row.device, row.port), "keep one row a port"));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn cables(dir: &Path) -> Result<Vec<PlanCable>> {
    let Some(mut table) = Table::open(dir, "cables.csv")? else { return Ok(Vec::new()) };
    let names = ["a_device", "a_port", "b_device", "b_port"];
    let mut columns = Vec::new();
    for name in names {
        columns.push(table.column(name)?);
    }
    let mut rows = Vec::new();
    while table.next_row()? {
        let field = |i: usize| table.name(columns[i], names[i]).map(str::to_owned);
        rows.push(PlanCable { a_device: field(0)?, a_port: field(1)?, b_device: field(2)?, b_port: field(3)? });
    }
    Ok(rows)
}

/// The jobs of a file of that name and form, wherever it lies; none where there is no such file.
pub fn load_jobs(file: &Path) -> Result<Vec<PlanJob>> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    read_jobs(file.parent().unwrap_or(Path::new("")), name)
}

fn jobs(dir: &Path) -> Result<Vec<PlanJob>> {
    read_jobs(dir, "jobs.csv")
}

fn read_jobs(dir: &Path, name: &str) -> Result<Vec<PlanJob>> {
    let Some(mut table) = Table::open(dir, name)? else { return Ok(Vec::new()) };
    let [job, device] = [table.column("job")?, table.column("device")?];
    let [port, start, end, rank, group] =
        ["port", "start_ns", "end_ns", "rank", "group"].map(|c| table.optional_column(c));
    let mut rows = Vec::new();
    while table.next_row()? {
        let rank = table.optional_int(rank, "rank")?.map(i32::try_from).transpose();
        let row = PlanJob {
            job: table.name(job, "job")?.to_owned(),
            device: table.name(device, "device")?.to_owned(),
            port: table.text(port)?.to_owned(),
            start_ns: table.optional_stamp(start, "start_ns")?,
            end_ns: table.optional_stamp(end, "end_ns")?,
            rank: rank.map_err(|_| table.error("rank is too large", "write a number below 2^31"))?,
            group: table.text(group)?.to_owned(),
        };
        if row.start_ns.zip(row.end_ns).is_some_and(|(start, end)| end < start) {
            return Err(table.error("end_ns is before start_ns", "swap them"));
        }
        rows.push(row);
    }
    Ok(rows)
}
