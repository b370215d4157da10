//! What counters showed where a verdict was wrong: the data of the pictures in a report.
//!
//! Of each missed fault the counters of its part are taken, both ends of its cable, from a minute before it to a minute after;
//! of each false incident those of the part that it accuses, around its opening. Counters that never moved are left out.

use crate::compare::{Compared, Fate};
use crate::picture::{Curve, Panel, Picture};
use crate::subject::{Part, Subject};
use weft_trace::{Family, TraceTables};

const S: f64 = 1e9;
/// Shown before and after, ns.
const AROUND_NS: i64 = 60_000_000_000;
/// Of a whole device so many ports are shown: those that move most.
const MOST_PORTS: usize = 4;
/// More points than a picture has room for are averaged.
const MOST_POINTS: usize = 300;

/// A panel's title and unit, its counters, whether their rise a second is drawn, and what it is multiplied by.
type Row = (&'static str, &'static str, &'static [&'static str], bool, f64);

const PANELS: [Row; 7] = [
    ("sent", "Gbit/s", &["tx_bytes"], true, 8e-9),
    ("received", "Gbit/s", &["rx_bytes"], true, 8e-9),
    ("queue", "kB", &["queue_bytes"], false, 1e-3),
    ("errors and drops", "a second", &["rx_crc_errors", "rx_errors", "rx_discards", "tx_discards"], true, 1.0),
    ("pauses", "ms a second", &["tx_pause_us", "rx_pause_us"], true, 1e-3),
    ("link", "1 is up", &["link_up"], false, 1.0),
    ("CPU pressure", "ms a second", &["cpu_pressure_us"], true, 1e-3),
];

/// Adds a picture of each missed fault and of each false incident.
pub fn add_pictures(compared: &mut Compared, subject: &Subject, tables: &TraceTables) {
    let (first_ns, last_ns) = tables.span_ns().unwrap_or_default();
    let draw = |title: String, about: String, part: &Part, from: i64, to: i64| {
        let (start, end) = ((from - AROUND_NS).max(first_ns), to.saturating_add(AROUND_NS).min(last_ns));
        let since = |ns: i64| (ns.min(end) - start) as f64 / S;
        let panels = panels(tables, &subject.ends(part), start, end);
        Picture { title, about, length_s: since(end), mark_s: (since(from.max(start)), since(to)), panels }
    };
    let mut pictures = Vec::new();
    let truths = subject.truth.iter().filter(|truth| truth.family != Family::Benign);
    for (fault, truth) in compared.faults.iter().zip(truths).filter(|(fault, _)| !fault.found && !fault.optional) {
        let said = if fault.named.is_empty() {
            "nothing was said".to_owned()
        } else {
            format!("said: {}", fault.named.join(", "))
        };
        let lost = fault.loss.map_or(String::new(), |loss| format!("{:.1} % of the step time lost; ", loss * 100.0));
        let title = format!("{}/{}: missed {} {}", compared.source, compared.trace, fault.class, fault.part);
        let part = (truth.device.clone(), truth.port.clone());
        pictures.push(draw(title, format!("{lost}{said}"), &part, truth.start_ns, truth.end_ns));
    }
    for verdict in compared.verdicts.iter().filter(|verdict| verdict.fate == Fate::False) {
        let Some((device, port)) = verdict.label.split_once(' ').and_then(|(_, part)| part.split_once('/')) else {
            continue;
        };
        let title = format!("{}/{}: false {}", compared.source, compared.trace, verdict.label);
        let opened = verdict.opened_ns.unwrap_or(first_ns);
        pictures.push(draw(
            title,
            "nothing was wrong there".to_owned(),
            &(device.to_owned(), port.to_owned()),
            opened,
            opened,
        ));
    }
    compared.pictures = pictures;
}

fn panels(tables: &TraceTables, ends: &[Part], start: i64, end: i64) -> Vec<Panel> {
    let is_shown = |place: usize| {
        let place = &tables.places[place];
        ends.iter().any(|(device, port)| *device == place.device && (port.is_empty() || *port == place.port))
    };
    let shown: Vec<bool> = (0..tables.places.len()).map(is_shown).collect();
    let panel = |(title, unit, counters, is_rate, times): &Row| {
        let mut curves: Vec<Curve> = Vec::new();
        for series in tables.series_of(counters).into_iter().filter(|series| shown[series.place as usize]) {
            let points = series.points.into_iter().filter(|(ns, _)| (start..=end).contains(ns));
            let points: Vec<(f64, f64)> = points.map(|(ns, value)| ((ns - start) as f64 / S, value)).collect();
            let points = thinned(if *is_rate { rates(&points) } else { points });
            let place = &tables.places[series.place as usize];
            let counter = if counters.len() > 1 { format!(" {}", counters[series.counter]) } else { String::new() };
            let points = points.into_iter().map(|(s, value)| (s, value * times)).collect();
            curves.push(Curve { label: format!("{} {}{counter}", place.device, place.port), points });
        }
        // What stands still tells nothing.
        curves.retain(|curve| spread(curve) > 0.0);
        curves.sort_by(|a, b| spread(b).total_cmp(&spread(a)));
        curves.truncate(MOST_PORTS);
        (!curves.is_empty()).then_some(Panel { title, unit, curves })
    };
    PANELS.iter().filter_map(panel).collect()
}

fn spread(curve: &Curve) -> f64 {
    let values = || curve.points.iter().map(|(_, value)| *value);
    values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
}

/// Rises a second; where a counter fell it was set back, and nothing is known.
fn rates(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let pairs = points.windows(2).filter(|pair| pair[1].0 > pair[0].0 && pair[1].1 >= pair[0].1);
    pairs.map(|pair| (pair[1].0, (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))).collect()
}

fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let each = points.len().div_ceil(MOST_POINTS).max(1);
    let mean =
        |chunk: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| chunk.iter().map(of).sum::<f64>() / chunk.len() as f64;
    points.chunks(each).map(|chunk| (mean(chunk, |p| p.0), mean(chunk, |p| p.1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_a_rate_and_a_fall_is_none() {
        assert_eq!(rates(&[(0.0, 5.0), (2.0, 25.0), (3.0, 0.0), (4.0, 7.0)]), [(2.0, 10.0), (4.0, 7.0)]);
        let many: Vec<(f64, f64)> = (0..900).map(|n| (f64::from(n), 2.0)).collect();
        let few = thinned(many);
        assert_eq!((few.len(), few[0], few[299]), (300, (1.0, 2.0), (898.0, 2.0)));
    }
}
