//! A trace as the baselines see it: values by tick, of parts that have peers.
//!
//! A tick is the trace's interval of reading, one second at least: these rules are fed by monitors that look once a second or
//! less. A node's GPUs are one part, and each part knows its cable, so that nobody gets two alarms for one thing.

use super::meters::{How, Meter, Of};
use crate::subject::{Part, Subject};
use std::collections::{BTreeMap, HashMap};
use weft_trace::{Series, TraceTables};
use weft_wire::Table;

const S: i64 = 1_000_000_000;
/// Ticks without a reading through which the last value holds: devices are read at their own moments, so that a tick of one
/// reading may have none, and its neighbour two.
const HOLDS: usize = 2;

/// One quantity of one part, by tick; NaN where nothing is known.
#[derive(Clone, Debug)]
pub struct Track {
    pub part: usize,
    pub values: Vec<f32>,
}

pub struct Seen {
    /// By counter, in the order of the places: the readings are gone through once, for all meters.
    series: BTreeMap<&'static str, Vec<Series>>,
    pub first_ns: i64,
    pub tick_ns: i64,
    pub ticks: usize,
    pub parts: Vec<Part>,
    /// By part: a name for its cable, which both ends have; the part's own where it has none.
    pub cables: Vec<Part>,
    /// By place of the trace; `None` for what no baseline looks at.
    placed: Vec<Option<Placed>>,
}

struct Placed {
    of: Of,
    part: usize,
    /// Places with the same text are peers.
    peers: String,
    /// What the planned speed carries.
    bytes_per_second: Option<f32>,
}

impl Seen {
    /// Takes these counters from the trace.
    pub fn new(tables: &TraceTables, subject: &Subject, counters: &[&'static str]) -> Seen {
        let (first_ns, last_ns) = tables.span_ns().unwrap_or_default();
        let tick_ns = tables.manifest.tick_ns.max(S);
        let (mut parts, mut cables) = (Vec::new(), Vec::new());
        let mut numbers: HashMap<Part, usize> = HashMap::new();
        let around = Around::of(tables);
        let mut place = |number: usize| {
            let place = &tables.places[number];
            let (of, peers) = around.peers((&place.device, &place.port), place.table)?;
            let part = (place.device.clone(), if of >= Of::Host { String::new() } else { place.port.clone() });
            let number = *numbers.entry(part.clone()).or_insert_with(|| {
                cables.push(subject.end_of_cable(part.clone()));
                parts.push(part);
                parts.len() - 1
            });
            let speed_bps = around.speeds.get(&(place.device.as_str(), place.port.as_str()));
            Some(Placed { of, part: number, peers, bytes_per_second: speed_bps.map(|bps| *bps as f32 / 8.0) })
        };
        let placed = (0..tables.places.len()).map(&mut place).collect();
        let ticks = ((last_ns - first_ns) / tick_ns) as usize + 1;
        let mut series: BTreeMap<&str, Vec<Series>> = BTreeMap::new();
        for one in tables.series_of(counters) {
            series.entry(counters[one.counter]).or_default().push(one);
        }
        Seen { series, first_ns, tick_ns, ticks, parts, cables, placed }
    }

    /// The tracks of a meter, peers together.
    pub fn tracks(&self, meter: &Meter) -> Vec<Vec<Track>> {
        let mut found: BTreeMap<(&str, usize), Vec<Vec<f32>>> = BTreeMap::new();
        let mut own: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        for series in meter.counters.iter().filter_map(|counter| self.series.get(counter)).flatten() {
            let placed = self.placed[series.place as usize].as_ref();
            if placed.is_some_and(|placed| meter.of.contains(&placed.of)) {
                let mut values = self.by_tick(&series.points, meter.how);
                if meter.how == How::Use {
                    let bytes = placed.and_then(|placed| placed.bytes_per_second).unwrap_or(f32::NAN);
                    values.iter_mut().for_each(|value| *value /= bytes);
                }
                match own.get_mut(&series.place) {
                    Some(sum) => sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
                    None => drop(own.insert(series.place, values)),
                }
            }
        }
        for (place, values) in own {
            let placed = self.placed[place as usize].as_ref().expect("it was looked at above");
            found.entry((&placed.peers, placed.part)).or_default().push(values);
        }
        let mut groups: BTreeMap<&str, Vec<Track>> = BTreeMap::new();
        for ((peers, part), all) in found {
            groups.entry(peers).or_default().push(Track { part, values: mean(&all) });
        }
        groups.into_values().collect()
    }

    /// A counter's values by tick.
    fn by_tick(&self, points: &[(i64, f64)], how: How) -> Vec<f32> {
        let mut ticks: Vec<Option<Told>> = vec![None; self.ticks];
        let mut was_up = false;
        for &(ns, value) in points {
            let tick = ((ns - self.first_ns) / self.tick_ns) as usize;
            was_up |= value > 0.0;
            let level = if how == How::Down { f64::from(u8::from(was_up && value == 0.0)) } else { value };
            let told = ticks[tick].get_or_insert(Told { ns, value, sum: 0.0, number: 0.0 });
            *told = Told { ns, value, sum: told.sum + level, number: told.number + 1.0 };
        }
        let mut values = vec![f32::NAN; self.ticks];
        let mut before: Option<(usize, Told)> = None;
        for (tick, told) in ticks.into_iter().enumerate() {
            let Some(told) = told else {
                match before {
                    Some((last, _)) if !how.is_rate() && tick - last <= HOLDS => values[tick] = values[tick - 1],
                    _ => {}
                }
                continue;
            };
            match before {
                _ if !how.is_rate() => values[tick] = (told.sum / told.number) as f32,
                Some((last, first)) if told.value >= first.value && told.ns > first.ns => {
                    let rate = (told.value - first.value) / ((told.ns - first.ns) as f64 / S as f64);
                    values[(last + 1).max(tick.saturating_sub(HOLDS))..=tick].fill(rate as f32);
                }
                _ => {}
            }
            before = Some((tick, told));
        }
        values
    }
}

/// What the readings of one tick told: the last, and the sum of all.
#[derive(Clone, Copy)]
struct Told {
    ns: i64,
    value: f64,
    sum: f64,
    number: f64,
}

/// What the plan says of a place's surroundings.
struct Around<'a> {
    switches: HashMap<&'a str, &'a str>,
    roles: HashMap<(&'a str, &'a str), &'a str>,
    far: HashMap<(&'a str, &'a str), &'a str>,
    jobs: HashMap<&'a str, &'a str>,
    speeds: HashMap<(&'a str, &'a str), i64>,
}

impl<'a> Around<'a> {
    fn of(tables: &'a TraceTables) -> Around<'a> {
        let plan = &tables.plan;
        let switches = plan.devices.iter().filter(|d| d.kind == "switch");
        let ends = plan.cables.iter().flat_map(|c| {
            let (a, b) = ((c.a_device.as_str(), c.a_port.as_str()), (c.b_device.as_str(), c.b_port.as_str()));
            [(a, b.0), (b, a.0)]
        });
        Around {
            switches: switches.map(|d| (d.device.as_str(), d.tier.as_str())).collect(),
            roles: plan.ports.iter().map(|p| ((p.device.as_str(), p.port.as_str()), p.role.as_str())).collect(),
            far: ends.collect(),
            speeds: plan
                .ports
                .iter()
                .filter_map(|p| Some(((p.device.as_str(), p.port.as_str()), p.speed_bps?)))
                .collect(),
            jobs: plan.jobs.iter().map(|j| (j.device.as_str(), j.job.as_str())).collect(),
        }
    }

    /// Peers do the same work: hosts of a job, and ports of switches of one tier that lead to the same kind of device.
    fn peers(&self, (device, port): (&str, &str), table: Table) -> Option<(Of, String)> {
        let role = self.roles.get(&(device, port)).copied().unwrap_or_default();
        let job = self.jobs.get(device).copied().unwrap_or_default();
        match table {
            Table::Nic => Some((Of::Nic, format!("{role} {job}"))),
            Table::Host => Some((Of::Host, job.to_owned())),
            Table::Gpu => Some((Of::Gpu, job.to_owned())),
            Table::SwitchPort => {
                let (far, tier) = (self.far.get(&(device, port))?, self.switches.get(device).copied());
                let of = if self.switches.contains_key(far) { Of::ToSwitch } else { Of::ToHost };
                Some((of, format!("{} {role}", tier.unwrap_or_default())))
            }
            _ => None,
        }
    }
}

/// Of several tracks the mean, where all are known.
fn mean(all: &[Vec<f32>]) -> Vec<f32> {
    let sum = |tick: usize| all.iter().map(|values| values[tick]).sum::<f32>();
    (0..all[0].len()).map(|tick| sum(tick) / all.len() as f32).collect()
}
