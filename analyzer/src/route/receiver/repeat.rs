//! Repeats: to receivers that forget, every alert that is on; to every receiver that wants it, the dead-man alert.

use super::super::group;
use super::round::{Repeat, halves};
use super::{Receiver, Standing};
use crate::clock::now_ns;
use crate::notify::{Alert, Batch, Fault};
use std::collections::VecDeque;

impl Receiver {
    /// What is left of the last round is dropped: this one says it again.
    pub(super) fn begin_round(&mut self) {
        let active = self.active.values().filter(|active| self.repeats && active.standing == Standing::On);
        let alerts = active.map(|active| active.alert.clone()).chain(self.dead_man());
        let begun = now_ns();
        let repeat = |(n, alerts): (usize, Vec<Alert>)| Repeat {
            delivery: format!("repeat-{begun:x}-{n}-{}", alerts[0].name()),
            incidents: alerts.iter().map(|alert| alert.incident().to_owned()).collect(),
        };
        self.again = group::by_name(alerts).into_iter().enumerate().map(repeat).collect::<VecDeque<_>>();
    }

    fn dead_man(&self) -> Option<Alert> {
        (self.heartbeat && (self.alive)()).then(|| Alert::dead_man(self.started_ns, &self.context))
    }

    fn as_it_stands(&self, incident: &str) -> Option<Alert> {
        if incident.is_empty() {
            return self.dead_man();
        }
        self.active.get(incident).filter(|active| active.standing == Standing::On).map(|active| active.alert.clone())
    }

    pub(super) async fn repeat_next(&mut self) {
        let Some(repeat) = self.again.pop_front() else { return };
        let alerts: Vec<Alert> = repeat.incidents.iter().filter_map(|incident| self.as_it_stands(incident)).collect();
        if alerts.is_empty() {
            return;
        }
        let batch = Batch { delivery: repeat.delivery.clone(), alerts, replaced: Vec::new() };
        let Err(error) = self.send(&batch).await else { return self.count("repeated", batch.alerts.len()) };
        let next_try_s = self.rest(&error).await.as_secs_f64();
        tracing::warn!(receiver = self.notifier.name(), next_try_s, "not repeated: {error}");
        self.count("not_repeated", batch.alerts.len());
        match error.fault {
            Fault::Passing => self.again.push_front(repeat),
            Fault::Body => self.again.extend(halves(repeat)),
        }
    }
}
