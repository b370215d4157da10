//! `gnmi`: counters of switches, from one collector that may run anywhere, by gNMI's Subscribe (`[collector] gnmi`).
//!
//! ```text
//! leaf-1 ═ task: connect, subscribe, decode ─► inbox: what each leaf said last ─┐
//! leaf-2 ═ task …                              ─► inbox                        ─┴─ tick ─► board: (leaf-1, switch_port, Ethernet1)
//! ```
//! The switches push; a tick takes what has come since the last one and waits for nothing. A leaf that was not told since is not
//! written again: no value is invented, and a switch that fell silent has no rows. A row bears the switch's own stamp of the bytes, where
//! that lies within 3 s before its arrival and half a second after, else the time of arrival.
//!
//! `docs/gnmi.md` says how it is set up.

mod decode;
mod dial;
mod dialect;
mod fleet;
mod inbox;
mod path;
mod ports;
mod proto;
mod session;
mod subscription;
mod targets;
mod value;

use super::{Setup, Source, SourceError};
use crate::board::Board;
use crate::clock::now_ns;
use crate::schedule::Round;
use fleet::Fleet;
use inbox::{Inbox, State};
pub use ports::NAME;
use ports::Ports;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_wire::{DeviceKind, Tier};

/// How often the first reading looks whether all targets have answered.
const LOOKS_EVERY: Duration = Duration::from_millis(10);

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    if setup.gnmi.as_os_str().is_empty() {
        return Err(SourceError::Absent("[collector] gnmi is empty".into()));
    }
    let fleet = Fleet::start(setup.gnmi.to_owned()).map_err(SourceError::Failed)?;
    Ok(Box::new(Gnmi { fleet, devices: BTreeMap::new(), first_wait: Some(setup.patience) }))
}

/// What is wrong with a targets file, for the check of the configuration.
pub fn check(file: &Path) -> Result<(), String> {
    let read = targets::Targets::read(file)?;
    read.wrong.into_iter().next().map_or(Ok(()), |wrong| Err(format!("{}: {wrong}", file.display())))
}

struct Gnmi {
    fleet: Fleet,
    devices: BTreeMap<String, Ports>,
    /// How long the first reading waits for all targets: what `--explain` prints is that reading.
    first_wait: Option<Duration>,
}

impl Source for Gnmi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        if !round.wants(Tier::Normal) {
            return Ok(());
        }
        let first_wait = self.first_wait.take();
        if let Some(wait) = first_wait {
            self.wait_for_all(wait);
        }
        let inboxes = self.fleet.inboxes();
        self.forget_others(&inboxes, board);
        for said in self.fleet.said() {
            say(board, &said);
        }
        for (device, inbox) in &inboxes {
            self.take(device, inbox, board)?;
        }
        match first_wait {
            // Said once as what the source does: later on the events tell of each target by itself.
            Some(_) => not_heard(&inboxes).map_or(Ok(()), |why| Err(SourceError::Failed(why))),
            None => Ok(()),
        }
    }
}

impl Gnmi {
    fn wait_for_all(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let is_settled = |inbox: &Arc<Inbox>| inbox.state().is_settled;
        while !self.fleet.inboxes().values().all(is_settled) && Instant::now() < until {
            std::thread::sleep(LOOKS_EVERY);
        }
    }

    /// Targets that are no longer in the file take their ports with them.
    fn forget_others(&mut self, inboxes: &BTreeMap<String, Arc<Inbox>>, board: &mut Board) {
        self.devices.retain(|device, ports| {
            let stays = inboxes.contains_key(device);
            if !stays {
                ports.withdraw_all(board);
                export(device, &State::default());
                say(board, &format!("gnmi target {device}: is no longer in the targets file"));
            }
            stays
        });
    }

    fn take(&mut self, device: &str, inbox: &Inbox, board: &mut Board) -> Result<(), SourceError> {
        let news = inbox.take();
        for event in &news.events {
            say(board, &format!("gnmi target {device}: {event}"));
        }
        export(device, &inbox.state());
        if !self.devices.contains_key(device) {
            let id = board.device(device, DeviceKind::Switch);
            let id = id
                .ok_or_else(|| SourceError::Failed(format!("{device}: too many devices were named since the start")))?;
            self.devices.insert(device.to_owned(), Ports::new(id, inbox.target.dialect));
        }
        if let Some(ports) = self.devices.get_mut(device) {
            ports.write(news, board);
        }
        Ok(())
    }
}

fn say(board: &mut Board, text: &str) {
    tracing::info!(source = NAME, "{text}");
    board.say_of_node(now_ns(), "collector", text);
}

/// The targets that have failed, and why; `None` when none has.
fn not_heard(inboxes: &BTreeMap<String, Arc<Inbox>>) -> Option<String> {
    let states = inboxes.iter().map(|(device, inbox)| (device, inbox.state().why));
    let failed: Vec<_> =
        states.filter(|(_, why)| !why.is_empty()).map(|(device, why)| format!("{device}: {why}")).collect();
    (!failed.is_empty()).then(|| failed.join("; "))
}

/// Hands the target's state to the process's metrics recorder, if it has one.
fn export(device: &str, state: &State) {
    let label = || [("target", device.to_owned())];
    metrics::gauge!("weft_collector_gnmi_up", &label()).set(f64::from(u8::from(state.is_up)));
    metrics::gauge!("weft_collector_gnmi_last_seen_seconds", &label()).set(state.last_seen_ns as f64 / 1e9);
    metrics::gauge!("weft_collector_gnmi_delay_seconds", &label()).set(state.delay_ns as f64 / 1e9);
    metrics::counter!("weft_collector_gnmi_leaves_total", &label()).absolute(state.updates);
    metrics::counter!("weft_collector_gnmi_unknown_leaves_total", &label()).absolute(state.unknown);
    metrics::counter!("weft_collector_gnmi_refused_total", &label()).absolute(state.refused);
    metrics::counter!("weft_collector_gnmi_subscriptions_total", &label()).absolute(state.subscriptions);
}
