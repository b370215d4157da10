//! From strengths to incidents: an alarm opens where a part's strength has reached the threshold for as long as the baseline
//! asks, and is over after a minute below it.

use super::baseline::Baseline;
use super::seen::Seen;
use super::strength::Strength;
use crate::incident::{Culprit, Incident};
use crate::subject::Part;
use std::collections::BTreeMap;

/// An alarm that comes back within this time is the same alarm.
const QUIET_NS: i64 = 60_000_000_000;

/// One tick of a part: the greatest strength at either end of its cable, what it speaks for, and the end.
#[derive(Clone, Copy, Debug)]
struct Shown {
    tick: u32,
    strength: f32,
    class: &'static str,
    at: usize,
}

/// What one baseline made of one trace.
#[derive(Debug)]
pub struct Alarms {
    parts: Vec<Part>,
    /// A row a cable, or a part without one, by tick.
    shown: Vec<Vec<Shown>>,
    first_ns: i64,
    tick_ns: i64,
    confirm_ticks: u32,
}

impl Alarms {
    pub fn of(baseline: &Baseline, seen: &Seen) -> Alarms {
        let mut shown: BTreeMap<&Part, BTreeMap<u32, Shown>> = BTreeMap::new();
        for Strength { part, class, at } in (baseline.strengths)(seen) {
            let own = shown.entry(&seen.cables[part]).or_default();
            for (tick, strength) in at {
                let now = Shown { tick, strength, class, at: part };
                let most = own.entry(tick).or_insert(now);
                if strength > most.strength {
                    *most = now;
                }
            }
        }
        Alarms {
            shown: shown.into_values().map(|ticks| ticks.into_values().collect()).collect(),
            first_ns: seen.first_ns,
            tick_ns: seen.tick_ns,
            confirm_ticks: (baseline.confirm_ns / seen.tick_ns).max(1) as u32,
            parts: seen.parts.clone(),
        }
    }

    /// The incidents at a threshold.
    pub fn incidents(&self, threshold: f32) -> Vec<Incident> {
        self.shown.iter().flat_map(|ticks| self.of_part(ticks, threshold)).collect()
    }

    fn of_part(&self, ticks: &[Shown], threshold: f32) -> Vec<Incident> {
        let quiet_ticks = (QUIET_NS / self.tick_ns).max(1) as u32;
        let mut incidents: Vec<Incident> = Vec::new();
        let mut run: Option<Run> = None;
        let mut open_until = None;
        for now in ticks.iter().filter(|now| now.strength >= threshold) {
            let own = match run {
                Some(run) if now.tick == run.last + 1 => run.with(*now),
                _ => Run { first: now.tick, last: now.tick, most: *now },
            };
            run = Some(own);
            if own.last - own.first + 1 < self.confirm_ticks {
                continue;
            }
            let until = now.tick + quiet_ticks;
            match incidents.last_mut().filter(|_| open_until.is_some_and(|until| now.tick <= until)) {
                Some(open) => open.resolved_ns = Some(self.end_ns(until)),
                None => incidents.push(self.incident(own.most, now.tick, until)),
            }
            open_until = Some(until);
        }
        incidents
    }

    fn incident(&self, most: Shown, tick: u32, until: u32) -> Incident {
        let (device, port) = self.parts[most.at].clone();
        Incident {
            class: most.class.to_owned(),
            kind: "hardware".to_owned(),
            severity: "warning".to_owned(),
            opened_ns: Some(self.end_ns(tick)),
            resolved_ns: Some(self.end_ns(until)),
            culprits: Some(vec![Culprit { device, port: Some(port) }]),
            ..Incident::default()
        }
    }

    /// What a tick shows is known at its end.
    fn end_ns(&self, tick: u32) -> i64 {
        self.first_ns + (i64::from(tick) + 1) * self.tick_ns
    }
}

/// Ticks one after the other at or above the threshold, and the strongest of them.
#[derive(Clone, Copy)]
struct Run {
    first: u32,
    last: u32,
    most: Shown,
}

impl Run {
    fn with(self, now: Shown) -> Run {
        let most = if now.strength > self.most.strength { now } else { self.most };
        Run { last: now.tick, most, ..self }
    }
}
