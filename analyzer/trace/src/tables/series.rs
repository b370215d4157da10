//! Readings by counter and time.

use super::{Reading, TraceTables};
use crate::samples::{Value, counter_slot};
use std::collections::HashMap;

/// All readings of one counter of one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Index into the places.
    pub place: u32,
    /// Index into the counters that were asked for.
    pub counter: usize,
    /// Stamp and value, by time.
    pub points: Vec<(i64, f64)>,
}

impl TraceTables {
    /// A counter of a port by time: each value with its stamp. Values of 2^63 and more are left out.
    pub fn series(&self, device: &str, port: &str, counter: &str) -> Vec<(i64, f64)> {
        let Some(place) = self.places.iter().position(|p| p.device == device && p.port == port) else {
            return Vec::new();
        };
        let Some((slot, _)) = counter_slot(self.places[place].table, counter) else { return Vec::new() };
        let own = self.readings.iter().filter(|r| (r.place as usize, r.slot) == (place, slot));
        by_time(own.filter_map(point).collect())
    }

    /// Of these counters the readings of every place that has them, by one pass over all readings. The order is that of the
    /// places, and of the counters as they were asked for.
    pub fn series_of(&self, counters: &[&str]) -> Vec<Series> {
        let mut asked = HashMap::new();
        for table in weft_wire::Table::ALL {
            for (number, counter) in counters.iter().enumerate() {
                if let Some((slot, _)) = counter_slot(table, counter) {
                    asked.insert((table as usize, slot), number);
                }
            }
        }
        let mut found: HashMap<(u32, usize), Vec<(i64, f64)>> = HashMap::new();
        for reading in &self.readings {
            let table = self.places[reading.place as usize].table;
            if let Some(counter) = asked.get(&(table as usize, reading.slot))
                && let Some(point) = point(reading)
            {
                found.entry((reading.place, *counter)).or_default().push(point);
            }
        }
        let series = |((place, counter), points)| Series { place, counter, points: by_time(points) };
        let mut all: Vec<Series> = found.into_iter().map(series).collect();
        all.sort_by_key(|series| (series.place, series.counter));
        all
    }
}

fn point(reading: &Reading) -> Option<(i64, f64)> {
    match reading.value {
        Value::Int(value) => Some((reading.ts_ns, value as f64)),
        Value::Float(value) => Some((reading.ts_ns, value)),
        Value::TooLarge => None,
    }
}

fn by_time(mut points: Vec<(i64, f64)>) -> Vec<(i64, f64)> {
    points.sort_by_key(|(ts_ns, _)| *ts_ns);
    points
}
