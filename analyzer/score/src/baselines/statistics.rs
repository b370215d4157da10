//! What the baselines that compare peers have in common.

use super::meters::{How, METERS, Meter};
use super::seen::{Seen, Track};
use super::strength::Strength;

/// Fewer peers have no usual value.
const LEAST_PEERS: usize = 4;
/// A twentieth of what is usual is no difference worth a word, whatever the spread.
const EVEN: f32 = 0.05;

/// How strongly each of some peers stands out, of their values at one tick; the smallest spread that counts comes second.
pub type Rule = fn(&[f32], f32) -> Vec<f32>;

/// A rule over all meters, each value the mean over the last so many ns. Links that went down are told as they are.
pub fn strengths(seen: &Seen, window_ns: i64, rule: Rule) -> Vec<Strength> {
    let window = (window_ns / seen.tick_ns).max(1) as usize;
    let of_meter = |meter: &'static Meter| {
        let groups = seen.tracks(meter).into_iter();
        groups.flat_map(move |group| match meter.how {
            How::Down => group.iter().map(|track| Strength::certain(track.part, meter.class, &track.values)).collect(),
            _ => compared(meter, &group, window, rule),
        })
    };
    METERS.iter().flat_map(of_meter).collect()
}

fn compared(meter: &'static Meter, group: &[Track], window: usize, rule: Rule) -> Vec<Strength> {
    let smooth: Vec<Vec<f32>> = group.iter().map(|track| smoothed(&track.values, window)).collect();
    let mut found: Vec<Strength> = group.iter().map(|track| Strength::none(track.part, meter.class)).collect();
    let ticks = smooth.first().map_or(0, Vec::len);
    for tick in 0..ticks {
        let now: Vec<f32> = smooth.iter().map(|values| values[tick]).collect();
        let strengths = at_a_tick(meter, &now, rule);
        strengths.into_iter().for_each(|(own, strength)| found[own].push(tick, strength));
    }
    found
}

/// Of the peers whose value is known, each one's number and strength.
fn at_a_tick(meter: &Meter, now: &[f32], rule: Rule) -> Vec<(usize, f32)> {
    let known: Vec<usize> = (0..now.len()).filter(|own| now[*own].is_finite()).collect();
    if known.len() < LEAST_PEERS {
        return Vec::new();
    }
    let sign = if meter.is_low { -1.0 } else { 1.0 };
    let values: Vec<f32> = known.iter().map(|own| sign * now[*own]).collect();
    let usual = values.iter().map(|value| value.abs()).sum::<f32>() / values.len() as f32;
    let strengths = rule(&values, meter.least.max(EVEN * usual));
    known.into_iter().zip(strengths).collect()
}

/// The mean of the last values; those that are not known are left out.
fn smoothed(values: &[f32], window: usize) -> Vec<f32> {
    let mean = |tick: usize| {
        let last = &values[(tick + 1).saturating_sub(window)..=tick];
        let known = || last.iter().filter(|value| value.is_finite());
        known().sum::<f32>() / known().count() as f32
    };
    (0..values.len()).map(mean).collect()
}

/// By how many standard deviations of the others a value lies above their mean. The value itself is left out: among n values
/// none can lie more than (n − 1) / √n deviations above a mean that it is part of, 2.7 among nine.
pub fn above_others(values: &[f32], own: usize, least: f32) -> f32 {
    let others = || values.iter().enumerate().filter(|(number, _)| *number != own).map(|(_, value)| *value);
    let n = values.len() as f32 - 1.0;
    let mean = others().sum::<f32>() / n;
    let variance = others().map(|value| (value - mean).powi(2)).sum::<f32>() / n;
    (values[own] - mean) / variance.sqrt().max(least)
}

pub fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}
