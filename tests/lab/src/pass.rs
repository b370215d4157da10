//! One pass over the faults: wait for a steady job, break something, listen to the pager, mend it, judge.

use crate::api::Api;
use crate::faults::{Fault, Place};
use crate::lab::Lab;
use crate::pipeline::Pipeline;
use crate::random::Random;
use crate::receiver::{Alert, Receiver};
use crate::script::Planned;
use crate::traffic::Traffic;
use crate::verdict::{self, Expected, Named, Row};
use crate::worker::now_ns;
use crate::{ending, judge};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long the job must run at its pace before a fault, at least.
const BASELINE: Duration = Duration::from_secs(10);
const TRAFFIC: Duration = Duration::from_secs(4);
/// How long to wait for the job's pace after a fault.
const RECOVERY: Duration = Duration::from_secs(40);
/// A fault not named when it is mended may still be named within this.
const LATE: Duration = Duration::from_secs(5);
const STEADY_STEPS: usize = 5;

pub struct Pass<'a> {
    pub name: String,
    pub lab: &'a mut Lab,
    pub pipeline: &'a mut Pipeline,
    pub api: &'a Api,
    pub receiver: &'a Receiver,
    pub random: Random,
    /// How long to wait for incidents to resolve after a fault.
    pub resolve_within: Duration,
    pub began: Instant,
    /// Pace of the healthy job, steps a second; known after `settle`.
    pub pace: f64,
    /// Alerts up to here belong to earlier rounds.
    pub judged_until_ns: i64,
    /// (incident, class) already told.
    pub told: BTreeSet<(String, String)>,
}

impl Pass<'_> {
    /// Measures the healthy job's pace; called once, before any fault.
    pub fn settle(&mut self) -> Result<()> {
        self.watch(BASELINE)?;
        let now = now_ns();
        let steps = self.training_steps()?;
        let end = steps.last().map_or(now, |s| s.end_ns);
        self.pace = judge::rate(&steps, end - BASELINE.as_nanos() as i64, end).context("the job's log is too short")?;
        Ok(())
    }

    /// One fault, with the interval it lasted; `None` when there is no place for it.
    pub fn round(&mut self, planned: &Planned) -> Result<Option<(Row, (i64, i64))>> {
        self.wait_for_pace()?;
        let baseline_from = now_ns();
        let Some(place) = self.draw(planned)? else { return Ok(None) };
        self.watch(BASELINE.saturating_sub(TRAFFIC))?;
        if let Some(at) = planned.at {
            self.watch(at.saturating_sub(self.began.elapsed()))?;
        }
        let fault = planned.fault()?;
        let class = self.expected_class(fault, &place);
        let start_ns = now_ns();
        (fault.inject)(self.lab, &place, planned.strength)?;
        self.watch(planned.lasts)?;
        let end_ns = now_ns();
        (fault.heal)(self.lab, &place)?;
        self.wait_until_named(&place, &class, start_ns)?;
        self.wait_until_resolved()?;
        // Only now does it tell of the whole fault: while it lasts, weft's word is some seconds old.
        let lost_said = self.lost_said(&place, &class, start_ns);
        let lost_measured = judge::lost(&self.training_steps()?, (baseline_from, start_ns), (start_ns, end_ns));
        let row = self.judge(Round { fault, place, class, start_ns, lost_said, lost_measured });
        Ok(Some((row, (start_ns, end_ns))))
    }

    /// Nothing is broken; a checkpoint is made. Gives what was said all the same: alerts, and incidents of any kind.
    pub fn fault_free(&mut self, length: Duration) -> Result<Vec<String>> {
        self.wait_for_pace()?;
        let began_ns = now_ns();
        self.lab.training.as_mut().context("no job is running")?.checkpoint()?;
        self.watch(length)?;
        let alerts = self.new_alerts().into_iter().filter(|a| a.is_firing() && verdict::accuses(a));
        let mut said: Vec<String> = alerts.map(|a| a.label("class").to_owned()).collect();
        said.extend(self.api.opened_since(began_ns)?);
        Ok(said)
    }

    fn draw(&mut self, planned: &Planned) -> Result<Option<Place>> {
        if let Some(place) = planned.place() {
            return Ok(Some(place));
        }
        let traffic = Traffic::measure(self.lab.topology, TRAFFIC)?;
        let mut places = (planned.fault()?.places)(self.lab, &traffic);
        places.retain(|place| planned.admits(place));
        Ok(self.random.pick(&places).cloned())
    }

    /// A cable pulled for the second time flaps.
    fn expected_class(&self, fault: &Fault, place: &Place) -> String {
        let again = fault.class == "link_down" && self.lab.was_pulled(place);
        if again { "link_flap" } else { fault.class }.to_owned()
    }

    /// From the incident itself, else from the alert.
    fn lost_said(&self, place: &Place, class: &str, start_ns: i64) -> Option<f64> {
        let alert = self.heard(place, class, start_ns).named?;
        let from_api = self.api.lost_step_time(alert.label("incident"));
        from_api.ok().flatten().or_else(|| alert.number("lost_step_time"))
    }

    fn heard(&self, place: &Place, class: &str, since_ns: i64) -> verdict::Heard {
        verdict::sort(self.lab.topology, place, class, &self.untold(self.receiver.since(since_ns)))
    }

    fn untold(&self, alerts: Vec<Alert>) -> Vec<Alert> {
        alerts.into_iter().filter(|a| !self.told.contains(&identity(a))).collect()
    }

    /// Alerts since the last judgement that are not repeats; they count as told from now on.
    fn new_alerts(&mut self) -> Vec<Alert> {
        let alerts = self.untold(self.receiver.since(self.judged_until_ns));
        self.judged_until_ns = now_ns();
        self.told.extend(alerts.iter().filter(|a| a.is_firing()).map(identity));
        alerts
    }

    fn judge(&mut self, round: Round) -> Row {
        let Round { fault, place, class, start_ns, lost_said, lost_measured } = round;
        let (early, alerts): (Vec<_>, Vec<_>) = self.new_alerts().into_iter().partition(|a| a.received_ns < start_ns);
        let heard = verdict::sort(self.lab.topology, &place, &class, &alerts);
        let early = early.iter().filter(|a| a.is_firing() && verdict::accuses(a));
        let false_alerts: Vec<Named> = early.chain(&heard.others).map(Named::from).collect();
        let named = heard.named.as_ref();
        let lost_said = lost_said.or_else(|| named?.number("lost_step_time"));
        let ok = named.is_some_and(|a| a.label("class") == class) && false_alerts.is_empty();
        Row {
            pass: self.name.clone(),
            fault: fault.class.into(),
            expected: Expected { class, device: place.device, port: place.port },
            seconds: named.map(|a| (a.received_ns - start_ns) as f64 / 1e9),
            named: named.map(Named::from),
            lost_said,
            lost_measured,
            false_alerts,
            ok,
        }
    }

    fn training_steps(&self) -> Result<Vec<crate::worker::Step>> {
        self.lab.training.as_ref().context("no job is running")?.steps()
    }

    fn watch(&mut self, length: Duration) -> Result<()> {
        let Self { lab, pipeline, .. } = self;
        ending::sleep(length, || {
            pipeline.check()?;
            lab.training.as_mut().map_or(Ok(()), |t| t.check())
        })
    }

    /// Until the last steps are as quick as the healthy job's, or a while has passed.
    fn wait_for_pace(&mut self) -> Result<()> {
        let deadline = Instant::now() + RECOVERY;
        let since = now_ns();
        while Instant::now() < deadline {
            let steps = self.training_steps()?;
            let recent = &steps[steps.len().saturating_sub(STEADY_STEPS)..];
            let (from, to) = (recent[0].start_ns, recent[recent.len() - 1].end_ns);
            let pace = recent.len() as f64 / ((to - from) as f64 / 1e9);
            if to > since && pace > 0.9 * self.pace && recent.iter().all(|s| s.kind == "train") {
                return Ok(());
            }
            self.watch(Duration::from_millis(500))?;
        }
        tracing::warn!("the job is not back at its pace of {:.2} steps a second after {RECOVERY:?}", self.pace);
        Ok(())
    }

    fn wait_until_named(&mut self, place: &Place, class: &str, start_ns: i64) -> Result<()> {
        let deadline = Instant::now() + LATE;
        while Instant::now() < deadline {
            if self.heard(place, class, start_ns).named.is_some_and(|a| a.label("class") == class) {
                break;
            }
            self.watch(Duration::from_millis(200))?;
        }
        Ok(())
    }

    fn wait_until_resolved(&mut self) -> Result<()> {
        let deadline = Instant::now() + self.resolve_within;
        while Instant::now() < deadline && !self.api.open_incidents()?.is_empty() {
            self.watch(Duration::from_millis(500))?;
        }
        // The log must reach beyond the fault's end, also after a stall.
        self.wait_for_pace()
    }
}

struct Round {
    fault: &'static Fault,
    place: Place,
    class: String,
    start_ns: i64,
    lost_said: Option<f64>,
    lost_measured: Option<f64>,
}

fn identity(alert: &Alert) -> (String, String) {
    (alert.label("incident").to_owned(), alert.label("class").to_owned())
}
