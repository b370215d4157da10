//! The book of announced maintenance: bounded, on the disk before anyone is told that it is announced, and handed to the judge
//! as events of the next tick.

use super::announced::{Announced, AnnouncedPart, HTTP};
use super::keep;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weft_judge::fabric::LinkEvent;
use weft_judge::features::maintenance::{MOST_ANNOUNCED as MOST, MOST_PARTS as MOST_TOGETHER, REMEMBER_NS};
use weft_wire::plan::Plan;

/// Parts of one announcement: a fabric of 12,500 nodes, each by its name.
pub const MOST_PARTS: usize = 20_000;
/// What is over is listed for a day.
const LISTED_NS: i64 = 86_400 * 1_000_000_000;

/// By id.
type Announcements = BTreeMap<String, Announced>;
/// How many devices stand in each rack.
type RackSizes = HashMap<String, usize>;

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error(
        "{MOST} announcements are in force or to come, and no more are kept: end some of them, or name more parts in one"
    )]
    Full,
    #[error("{0} parts in one announcement, and {MOST_PARTS} are the most: name racks, or announce it in several")]
    Parts(usize),
    #[error(
        "with this the announcements name {0} devices and ports, and {MOST_TOGETHER} are the most that can be in force together: \
         end some of them and wait for a quarter of an hour, for which those that are over count too"
    )]
    Together(usize),
    #[error("{source_name} told of this maintenance, and would tell of it again: only {source_name} can end it")]
    OfAnother { source_name: String },
    #[error(
        "the announcement could not be kept in {path}: {error}; free the disk or mend its rights, and announce it again"
    )]
    Keep { path: String, error: std::io::Error },
    #[error(
        "the announcements that are kept in {path} cannot be read: {error}; move the file away to start without them"
    )]
    Read { path: String, error: std::io::Error },
}

#[derive(Debug, Default)]
pub struct Book {
    /// Held for moments only, never over a write to the disk: the intake takes it each tick.
    inner: Mutex<Inner>,
    /// Held by whoever changes the book, from reading it until the change is on the disk and in force.
    changing: Mutex<()>,
    path: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Inner {
    all: Arc<Announcements>,
    /// Of the plan in force, once it was told.
    racks: Option<Arc<RackSizes>>,
    /// Those that the judge was not told of as they now stand.
    untold: BTreeSet<String>,
    /// Raised by every change.
    version: u64,
}

impl Book {
    /// What an earlier run kept in this folder; nothing is kept without one.
    pub fn open(state_dir: Option<&Path>) -> Result<Book, BookError> {
        let path = state_dir.map(|dir| dir.join("maintenance.json"));
        let kept: Result<Option<Vec<Announced>>, _> = path.as_deref().map(keep::read).transpose();
        let shown = || path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let kept = kept.map_err(|error| BookError::Read { path: shown(), error })?.unwrap_or_default();
        let all: Announcements = kept.into_iter().map(|told| (told.id.clone(), told)).collect();
        let untold = all.keys().cloned().collect();
        let inner = Inner { all: Arc::new(all), racks: None, untold, version: 1 };
        Ok(Book { inner: Mutex::new(inner), changing: Mutex::default(), path })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces, or changes what was announced under this id. On the disk when it returns.
    pub fn announce(&self, told: Announced, now_ns: i64) -> Result<(), BookError> {
        self.change(now_ns, |all| _ = all.insert(told.id.clone(), told.clone()))
    }

    /// Ends now what an operator announced; `None` when there is none of this id, or it is over. What Slurm tells is refused: its
    /// next answer, a few seconds later, would announce the same again.
    pub fn end(&self, id: &str, now_ns: i64) -> Result<Option<Announced>, BookError> {
        let known = self.inner().all.get(id).filter(|told| !told.is_over(now_ns)).cloned();
        let Some(mut told) = known else { return Ok(None) };
        if told.source != HTTP {
            return Err(BookError::OfAnother { source_name: told.source });
        }
        // One that has not begun is over before it begins.
        told.from_ns = told.from_ns.min(now_ns);
        told.until_ns = Some(now_ns);
        self.announce(told.clone(), now_ns)?;
        Ok(Some(told))
    }

    /// What a source that tells all at once says now: what it does not say any more is over. What it goes on saying began when it
    /// said so first. What was over and is said again is another piece of work, and begins now: a node that was drained from 9
    /// to 10 o'clock and is drained again at 11:30 under the same id was not at work at 11.
    pub fn replace(&self, source: &str, told: Vec<Announced>, now_ns: i64) -> Result<(), BookError> {
        self.change(now_ns, |all| {
            let is_on = |known: &&mut Announced| known.source == source && !known.is_over(now_ns);
            let ids: HashSet<&str> = told.iter().map(|told| told.id.as_str()).collect();
            let is_gone = |known: &&mut Announced| !ids.contains(known.id.as_str());
            all.values_mut().filter(is_on).filter(is_gone).for_each(|known| known.until_ns = Some(now_ns));
            for told in &told {
                let known = all.get(&told.id).filter(|known| !known.is_over(now_ns));
                let since_ns = known.map_or(told.from_ns, |known| known.from_ns);
                all.insert(told.id.clone(), Announced { from_ns: since_ns, ..told.clone() });
            }
        })
    }

    fn change(&self, now_ns: i64, change: impl FnOnce(&mut Announcements)) -> Result<(), BookError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, racks) = self.known();
        let mut all = (*known).clone();
        change(&mut all);
        all.retain(|_, told| told.until_ns.is_none_or(|until_ns| until_ns.saturating_add(LISTED_NS) > now_ns));
        make_room(&mut all, now_ns);
        if all == *known {
            return Ok(());
        }
        check(&all, &known, &racks, now_ns)?;
        if let Some(path) = &self.path {
            let shown = || path.display().to_string();
            keep::write(path, &all.values().collect::<Vec<_>>())
                .map_err(|error| BookError::Keep { path: shown(), error })?;
        }
        let news = all.iter().filter(|(id, told)| known.get(*id) != Some(told)).map(|(id, _)| id.clone());
        let (news, all): (Vec<String>, _) = (news.collect(), Arc::new(all));
        let mut inner = self.inner();
        inner.untold.extend(news);
        inner.all = all;
        inner.version += 1;
        Ok(())
    }

    fn known(&self) -> (Arc<Announcements>, Arc<RackSizes>) {
        let inner = self.inner();
        (inner.all.clone(), inner.racks.clone().unwrap_or_default())
    }

    /// By id, those that were over within a day among them.
    pub fn list(&self) -> Vec<Announced> {
        self.known().0.values().cloned().collect()
    }

    pub fn version(&self) -> u64 {
        self.inner().version
    }

    /// What the judge is to be told now. `is_other_plan`: the devices of racks may be others, which matters for racks at which
    /// the work is not over.
    pub fn events(&self, plan: &Plan, ts_ns: i64, is_other_plan: bool) -> Vec<LinkEvent> {
        let mut inner = self.inner();
        let (untold, all) = (std::mem::take(&mut inner.untold), inner.all.clone());
        let is_first = inner.racks.is_none();
        drop(inner);
        if is_other_plan || is_first {
            let sizes = Some(Arc::new(rack_sizes(plan)));
            self.inner().racks = sizes;
        } else if untold.is_empty() {
            return Vec::new();
        }
        let is_moved = |told: &Announced| is_other_plan && told.names_racks() && !told.is_over(ts_ns);
        let is_due = |told: &&Announced| untold.contains(&told.id) || is_moved(told);
        all.values().filter(is_due).flat_map(|told| told.events(plan, ts_ns)).collect()
    }
}

/// What is over goes first, the longest over first.
fn make_room(all: &mut Announcements, now_ns: i64) {
    let mut over: Vec<(i64, String)> = all
        .values()
        .filter(|told| told.is_over(now_ns))
        .filter_map(|told| Some((told.until_ns?, told.id.clone())))
        .collect();
    over.sort_unstable();
    let excess = all.len().saturating_sub(MOST);
    over.into_iter().take(excess).for_each(|(_, id)| _ = all.remove(&id));
}

fn rack_sizes(plan: &Plan) -> RackSizes {
    let mut sizes: RackSizes = HashMap::new();
    plan.devices.iter().for_each(|device| *sizes.entry(device.rack.clone()).or_default() += 1);
    sizes
}

/// Whether the judge has room for them all: what it has no room for would not be in force.
fn check(all: &Announcements, known: &Announcements, racks: &RackSizes, now_ns: i64) -> Result<(), BookError> {
    if all.len() > MOST {
        return Err(BookError::Full);
    }
    let most = all.values().map(|told| told.parts.len()).max().unwrap_or(0);
    if most > MOST_PARTS {
        return Err(BookError::Parts(most));
    }
    let together = |all: &Announcements| -> usize {
        let counts = |told: &&Announced| !told.is_over(now_ns.saturating_sub(REMEMBER_NS));
        let devices =
            |part: &AnnouncedPart| if part.rack.is_empty() { 1 } else { racks.get(&part.rack).copied().unwrap_or(0) };
        all.values().filter(counts).flat_map(|told| &told.parts).map(devices).sum()
    };
    // What makes them fewer is never refused, however many there are: racks may have grown.
    let now = together(all);
    if now > MOST_TOGETHER && now > together(known) { Err(BookError::Together(now)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::testkit::star;

    const S: i64 = 1_000_000_000;

    fn told(id: &str, until_s: Option<i64>) -> Announced {
        let parts = vec![AnnouncedPart { device: "h0".into(), ..AnnouncedPart::default() }];
        Announced {
            id: id.into(),
            parts,
            from_ns: S,
            until_ns: until_s.map(|s| s * S),
            source: "slurm".into(),
            ..Default::default()
        }
    }

    fn texts(book: &Book) -> Vec<String> {
        book.events(&star(2), 9, false).into_iter().map(|event| event.text).collect()
    }

    #[test]
    fn what_is_announced_is_told_once_and_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(Some(dir.path())).unwrap();
        let told = |id, until_s| Announced { source: HTTP.into(), ..told(id, until_s) };
        book.announce(told("a", Some(50)), 2 * S).unwrap();
        assert_eq!(texts(&book), ["id=a from_ns=1000000000 until_ns=50000000000"]);
        assert!(texts(&book).is_empty());
        book.announce(told("a", Some(50)), 3 * S).unwrap();
        assert!(texts(&book).is_empty(), "nothing new");
        let again = Book::open(Some(dir.path())).unwrap();
        assert_eq!((again.list(), texts(&again).len()), (book.list(), 1));
        assert_eq!(again.end("a", 20 * S).unwrap().and_then(|told| told.until_ns), Some(20 * S));
        assert_eq!(texts(&again), ["id=a from_ns=1000000000 until_ns=20000000000"]);
        assert_eq!((again.end("a", 21 * S).unwrap(), again.end("b", 21 * S).unwrap()), (None, None));
        std::fs::write(dir.path().join("maintenance.json"), "{").unwrap();
        let error = Book::open(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("maintenance.json") && error.contains("move the file away"), "{error}");
    }

    #[test]
    fn what_a_source_says_no_more_is_over() {
        let book = Book::open(None).unwrap();
        book.replace("slurm", vec![told("a", None), told("b", None)], 2 * S).unwrap();
        book.announce(Announced { source: "http".into(), ..told("c", None) }, 2 * S).unwrap();
        texts(&book);
        let later = Announced { from_ns: 5 * S, ..told("b", None) };
        book.replace("slurm", vec![later], 6 * S).unwrap();
        assert_eq!(texts(&book), ["id=a from_ns=1000000000 until_ns=6000000000"], "b began when it was told first");
        book.replace("slurm", Vec::new(), 6 * S + LISTED_NS).unwrap();
        assert_eq!(book.list().iter().map(|told| &*told.id).collect::<Vec<_>>(), ["b", "c"], "a was over for a day");
    }

    #[test]
    fn what_was_over_and_is_said_again_begins_anew() {
        let book = Book::open(None).unwrap();
        let drained = |s: i64| vec![Announced { from_ns: s * S, ..told("drain-h0-0", None) }];
        book.replace("slurm", drained(9), 9 * S).unwrap();
        book.replace("slurm", Vec::new(), 10 * S).unwrap();
        book.replace("slurm", drained(20), 20 * S).unwrap();
        book.replace("slurm", drained(25), 25 * S).unwrap();
        assert_eq!(texts(&book), ["id=drain-h0-0 from_ns=20000000000"]);
        let refused = book.end("drain-h0-0", 26 * S).unwrap_err();
        assert!(matches!(&refused, BookError::OfAnother { source_name } if source_name == "slurm"), "{refused}");
        assert_eq!(book.list()[0].until_ns, None);
    }

    #[test]
    fn another_plan_tells_anew_the_racks_at_which_the_work_is_not_over() {
        let book = Book::open(None).unwrap();
        let parts = vec![AnnouncedPart { rack: "r7".into(), ..AnnouncedPart::default() }];
        for (id, until_s) in [("over", 5), ("lasts", 50)] {
            book.announce(Announced { parts: parts.clone(), ..told(id, Some(until_s)) }, 2 * S).unwrap();
        }
        let mut plan = star(1);
        plan.devices.iter_mut().for_each(|device| device.rack = "r7".into());
        let ids = |ts_ns, is_other_plan| -> std::collections::BTreeSet<String> {
            let events = book.events(&plan, ts_ns, is_other_plan).into_iter();
            events.map(|event| event.text.split(' ').next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(ids(3 * S, false).len(), 2);
        assert_eq!(ids(6 * S, true).into_iter().collect::<Vec<_>>(), ["id=lasts"]);
    }

    #[test]
    fn too_many_are_refused_and_what_is_over_makes_room() {
        let book = Book::open(None).unwrap();
        let many = (0..MOST).map(|n| told(&format!("m{n}"), Some(if n == 7 { 2 } else { 99 }))).collect();
        book.replace("slurm", many, S).unwrap();
        assert!(matches!(book.announce(told("more", None), S), Err(BookError::Full)));
        book.announce(told("more", None), 3 * S).unwrap();
        assert!(book.list().iter().all(|told| told.id != "m7"));
        let parts = vec![AnnouncedPart::default(); MOST_PARTS + 1];
        assert!(matches!(book.announce(Announced { parts, ..told("more", None) }, S), Err(BookError::Parts(_))));
    }

    #[test]
    fn more_parts_together_than_the_judge_remembers_are_refused_racks_by_their_devices() {
        let book = Book::open(None).unwrap();
        let of_racks = |id: &str, racks: usize| {
            let part = AnnouncedPart { rack: "r7".into(), ..AnnouncedPart::default() };
            Announced { parts: vec![part; racks], source: HTTP.into(), ..told(id, None) }
        };
        let mut plan = star(5);
        plan.devices.iter_mut().for_each(|device| device.rack = "r7".into());
        let devices = plan.devices.len();
        book.events(&plan, S, false);
        let most = MOST_TOGETHER / devices;
        let (one, more) = (most.min(MOST_PARTS), most - most.min(MOST_PARTS));
        book.announce(of_racks("a", one), 2 * S).unwrap();
        book.announce(of_racks("b", more), 2 * S).unwrap();
        let refused = book.announce(of_racks("c", 1), 3 * S).unwrap_err();
        assert!(matches!(refused, BookError::Together(parts) if parts == (most + 1) * devices), "{refused}");
        book.end("a", 4 * S).unwrap().unwrap();
        assert!(book.announce(of_racks("c", 1), 5 * S).is_err(), "the judge remembers it still");
        book.announce(of_racks("c", 1), 4 * S + REMEMBER_NS).unwrap();
    }

    /// Whoever writes holds `changing`, and nothing that a tick or a reader waits for.
    #[test]
    fn a_write_that_stands_still_holds_up_no_tick() {
        let book = Book::open(None).unwrap();
        book.announce(told("a", None), S).unwrap();
        let _writes = book.changing.lock().unwrap();
        assert_eq!((texts(&book).len(), book.list().len(), book.version()), (1, 1, 2));
    }
}
