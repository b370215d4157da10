//! `faults.csv`: when, how long, what, where, how much. An empty place is drawn by the seed among those that matter.

use crate::course::Course;
use crate::faults::{FAULTS, Fault, Place, Scope, by_class};
use crate::rng::Rng;
use crate::sim::Fabric;
use serde::Deserialize;
use std::path::Path;
use weft_wire::Table;

/// The header of the file.
const COLUMNS: &str = "at_s,for_s,class,device,port,strength";
/// One that may be left out.
const COURSE: &str = "course";
/// A drawn place costs at least this fraction of step time, where any does.
const WORTH: f64 = 0.06;

/// One row of the script, its place settled.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    pub fault: &'static dyn Fault,
    pub at_s: f64,
    pub for_s: f64,
    pub place: Place,
    pub strength: f64,
    pub course: Course,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    at_s: f64,
    for_s: f64,
    class: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    port: String,
    strength: Option<f64>,
    course: Option<Course>,
}

/// What is wrong with a script: `FILE:LINE: what; how to mend`.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error("{file}: {reason}")]
    Read { file: String, reason: String },
    #[error("{file}:{line}: {what}")]
    Row { file: String, line: u64, what: String },
}

impl ScriptError {
    fn row(file: &str, line: u64, what: impl Into<String>) -> ScriptError {
        ScriptError::Row { file: file.to_owned(), line, what: what.into() }
    }
}

pub fn read(path: &Path, fabric: &Fabric, seed: u64) -> Result<Vec<Planned>, ScriptError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| ScriptError::Read { file: file.clone(), reason: format!("{e}; give a readable faults.csv") })?;
    parse(&file, &text, fabric, seed)
}

/// Rows by time. `file` is what errors call the text.
pub fn parse(file: &str, text: &str, fabric: &Fabric, seed: u64) -> Result<Vec<Planned>, ScriptError> {
    let mut rng = Rng::stream(seed, 3);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| ScriptError::row(file, 1, e.to_string()))?.clone();
    // A file without a header would lose its first row to it.
    let is_known = |name: &str| name == COURSE || COLUMNS.split(',').any(|column| column == name);
    if let Some(unknown) = headers.iter().find(|name| !is_known(name)) {
        return Err(ScriptError::row(
            file,
            1,
            format!("no column {unknown:?}; begin the file with the line {COLUMNS}"),
        ));
    }
    let mut planned: Vec<Planned> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| ScriptError::row(file, e.position().map_or(1, |p| p.line()), e.to_string()))?;
        let line = record.position().map_or(1, |p| p.line());
        let row: Row = record.deserialize(Some(&headers)).map_err(|e| ScriptError::row(file, line, why(&e)))?;
        let taken: Vec<Place> = planned.iter().map(|p| p.place).collect();
        planned.push(settle(row, fabric, &taken, &mut rng).map_err(|what| ScriptError::row(file, line, what))?);
    }
    planned.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    Ok(planned)
}

fn why(error: &csv::Error) -> String {
    let text = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        _ => error.to_string(),
    };
    format!("{text}; the columns are {COLUMNS}")
}

fn settle(row: Row, fabric: &Fabric, taken: &[Place], rng: &mut Rng) -> Result<Planned, String> {
    let fault = by_class(&row.class).ok_or_else(|| {
        let known: Vec<&str> = FAULTS.iter().map(|f| f.class()).collect();
        format!("no class {:?} here; known are {}", row.class, known.join(", "))
    })?;
    let strength = row.strength.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&strength) {
        return Err(format!("strength {strength} is not within 0 and 1"));
    }
    if !(row.at_s >= 0.0 && row.at_s.is_finite() && row.for_s > 0.0 && row.for_s.is_finite()) {
        return Err(format!("at_s {} and for_s {} must be seconds, for_s above 0", row.at_s, row.for_s));
    }
    let place = match row.device.is_empty() {
        true if row.port.is_empty() => draw(fault, fabric, strength, taken, rng, |_| true)?,
        true => return Err(format!("port {} without a device; name its device, or leave both empty", row.port)),
        false => named(fault, fabric, &row, strength, taken, rng)?,
    };
    let course = row.course.unwrap_or_default();
    if course != Course::Sudden && !fault.varies() {
        let can: Vec<&str> = FAULTS.iter().filter(|f| f.varies()).map(|f| f.class()).collect();
        return Err(format!("{} is there or not; leave its course empty (of others: {})", row.class, can.join(", ")));
    }
    Ok(Planned { fault, at_s: row.at_s, for_s: row.for_s, place, strength, course })
}

fn named(
    fault: &'static dyn Fault,
    fabric: &Fabric,
    row: &Row,
    strength: f64,
    taken: &[Place],
    rng: &mut Rng,
) -> Result<Place, String> {
    let topology = &fabric.world.topology;
    if fault.scope() == Scope::Job {
        let names: Vec<&str> = fabric.jobs.iter().map(|j| j.spec.name.as_str()).collect();
        let job = names.iter().position(|n| *n == row.device);
        return job.map(Place::Job).ok_or_else(|| format!("no job {}; there are {}", row.device, names.join(", ")));
    }
    let device = topology.find_device(&row.device).ok_or_else(|| {
        format!("no device {} in this fabric; nodes are n000 to n{:03}", row.device, topology.nodes - 1)
    })?;
    if !row.port.is_empty() {
        return named_port(fault, fabric, row);
    }
    match fault.scope() {
        Scope::Node if !topology.devices[device].node => Err(format!("{} is no node", row.device)),
        Scope::Port | Scope::Nic => draw(fault, fabric, strength, taken, rng, |place| match place {
            Place::Port(port) => fabric.world.device_of(port) == device,
            _ => false,
        }),
        _ => Ok(Place::Device(device)),
    }
}

fn named_port(fault: &'static dyn Fault, fabric: &Fabric, row: &Row) -> Result<Place, String> {
    let topology = &fabric.world.topology;
    let port = topology
        .find_port(&row.device, &row.port)
        .ok_or_else(|| format!("{} has no port {}; leave the port empty to have one drawn", row.device, row.port))?;
    match fault.scope() {
        Scope::Node | Scope::Device => Err(format!("{} is of a whole device; leave the port empty", fault.class())),
        Scope::Nic if topology.ports[port].table != Table::Nic => {
            Err(format!("{}/{} is no network card; name a port of a node", row.device, row.port))
        }
        Scope::Port | Scope::Nic if topology.ports[port].peer.is_none() => {
            Err(format!("{}/{} is cabled to nothing; name a cabled port", row.device, row.port))
        }
        _ => Ok(Place::Port(port)),
    }
}

/// One of the places that matter, not on a device or cable that an earlier row has.
fn draw(
    fault: &'static dyn Fault,
    fabric: &Fabric,
    strength: f64,
    taken: &[Place],
    rng: &mut Rng,
    allowed: impl Fn(Place) -> bool,
) -> Result<Place, String> {
    let mut places = fault.places(fabric, strength);
    places.retain(|(place, cost)| allowed(*place) && *cost > 0.0);
    let fresh: Vec<_> = places.iter().copied().filter(|(p, _)| !taken.iter().any(|t| touch(fabric, *p, *t))).collect();
    let places = if fresh.is_empty() { places } else { fresh };
    let best = places.iter().fold(0.0f64, |m, p| m.max(p.1));
    let worth: Vec<Place> = places.iter().filter(|p| p.1 >= WORTH.min(best)).map(|p| p.0).collect();
    match worth.len() {
        0 => Err(format!("nowhere does {} of strength {strength} touch a job; name another place", fault.class())),
        n => Ok(worth[rng.below(n)]),
    }
}

/// Whether two places share a device, at either end of a cable.
fn touch(fabric: &Fabric, a: Place, b: Place) -> bool {
    let devices = |place| match place {
        Place::Port(port) => {
            let peer = fabric.world.topology.ports[port].peer;
            [Some(port), peer].into_iter().flatten().map(|p| fabric.world.device_of(p)).collect()
        }
        Place::Device(device) => vec![device],
        Place::Job(_) => Vec::new(),
    };
    let theirs = devices(b);
    match (a, b) {
        (Place::Job(a), Place::Job(b)) => a == b,
        _ => devices(a).iter().any(|d| theirs.contains(d)),
    }
}
