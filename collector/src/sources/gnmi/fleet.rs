//! All targets: a thread with a runtime of its own, on which each target is one task, so that none that is slow or silent holds up
//! another, or a tick. The targets file is looked at every [`LOOK_EVERY`]: targets come and go while the collector runs.

use super::inbox::Inbox;
use super::session;
use super::targets::{Target, Targets};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Ends its thread when it is dropped.
pub struct Fleet {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

#[derive(Default)]
struct Shared {
    inboxes: Mutex<BTreeMap<String, Arc<Inbox>>>,
    /// Sentences about the file, for the events of the collector.
    said: Mutex<Vec<String>>,
}

impl Fleet {
    /// Begins to ask the targets of the file. An error says why that cannot be.
    pub fn start(file: PathBuf) -> Result<Fleet, String> {
        let (shared, stop) = (Arc::new(Shared::default()), CancellationToken::new());
        let targets = Targets::read(&file)?;
        // Known before the thread runs, so that whoever asks at once waits for all of them.
        let inboxes =
            targets.targets.iter().map(|target| (target.device.clone(), Arc::new(Inbox::new(target.clone()))));
        lock(&shared.inboxes).extend(inboxes);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let (its, stopped) = (shared.clone(), stop.clone());
        let body = move || runtime.block_on(stopped.run_until_cancelled(keep(&file, targets, &its)));
        let thread = std::thread::Builder::new().name("weft-gnmi".into());
        thread.spawn(body).map_err(|error| format!("start a thread for gNMI: {error}"))?;
        Ok(Fleet { shared, _stop: stop.drop_guard() })
    }

    /// The targets now in the file, by device.
    pub fn inboxes(&self) -> BTreeMap<String, Arc<Inbox>> {
        lock(&self.shared.inboxes).clone()
    }

    /// What there is to say of the file, once.
    pub fn said(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared.said))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tasks of the targets in the file, by device.
#[derive(Default)]
struct Running(BTreeMap<String, (Target, JoinHandle<()>)>);

async fn keep(file: &Path, first: Targets, shared: &Shared) {
    let mut running = Running::default();
    let mut last = Ok(first);
    running.follow(&last, shared);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let read = Targets::read(file);
        if read != last {
            running.follow(&read, shared);
            last = read;
        }
    }
}

impl Running {
    /// Ends and begins tasks until they are those of the file. A file that cannot be read changes none.
    fn follow(&mut self, read: &Result<Targets, String>, shared: &Shared) {
        let targets = match read {
            Ok(targets) => targets,
            Err(why) => return lock(&shared.said).push(format!("{why}; the targets read before are still asked")),
        };
        lock(&shared.said).extend(targets.wrong.iter().cloned());
        let mut inboxes = lock(&shared.inboxes);
        let Running(tasks) = self;
        tasks.retain(|device, (target, task)| {
            let stays = targets.targets.iter().any(|wanted| wanted == target);
            if !stays {
                task.abort();
                inboxes.remove(device);
            }
            stays
        });
        inboxes.retain(|device, _| targets.targets.iter().any(|target| target.device == *device));
        for target in &targets.targets {
            if tasks.contains_key(&target.device) {
                continue;
            }
            let new = || Arc::new(Inbox::new(target.clone()));
            let inbox = inboxes.entry(target.device.clone()).or_insert_with(new).clone();
            let task = tokio::spawn(async move { session::run(&inbox).await });
            tasks.insert(target.device.clone(), (target.clone(), task));
        }
    }
}
