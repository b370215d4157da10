//! The analyzer's own small database: what must outlive a restart until the durable store of rows does.
//!
//! Incidents and their transitions, the marks that keep frames from being counted twice, and the gap rows. One file,
//! written at most once a second, in one transaction: what it says is of one moment.

use crate::ingest::{GapRow, Mark};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError, TableDefinition,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use weft_judge::incident::Incident;

/// Of the layout of this file. Raised when a reader of the old one would be wrong.
const VERSION: u64 = 1;
/// Resolved incidents kept; the ones resolved longest ago go first.
const MAX_INCIDENTS: usize = 20_000;
const MAX_GAPS: usize = 100_000;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const INCIDENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("incidents");
const MARKS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("marks");
const GAPS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("gaps");

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot use the state folder {path}: {error}; name one that can be written by --state or [analyzer] state")]
    Folder { path: String, error: std::io::Error },
    #[error("state database {path}: {error}")]
    Open { path: String, error: Box<redb::Error> },
    #[error("state database {path} is in use: another analyzer runs on this --state folder")]
    InUse { path: String },
    #[error("state database {path} has layout {found}, this build reads {VERSION}: use another --state folder")]
    Version { path: String, found: u64 },
    #[error("state database: {0}")]
    Db(#[from] Box<redb::Error>),
    #[error("state database: {0}")]
    Json(#[from] serde_json::Error),
}

type Result<T> = std::result::Result<T, StateError>;

/// Any of redb's errors.
fn db<E: Into<redb::Error>>(error: E) -> StateError {
    StateError::Db(Box::new(error.into()))
}

#[derive(Debug)]
pub struct StateDb {
    db: Database,
}

/// What one write changes.
#[derive(Debug, Default)]
pub struct Changes {
    pub incidents: Vec<Incident>,
    pub gaps: Vec<GapRow>,
    /// All marks, as they now stand; empty = unchanged.
    pub marks: BTreeMap<String, Vec<Mark>>,
    /// Index of the last closed tick.
    pub tick: Option<i64>,
    /// Number of the last incident update given out.
    pub update: Option<u64>,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct Remembered {
    pub incidents: Vec<Incident>,
    pub gaps: Vec<GapRow>,
    pub marks: BTreeMap<String, Vec<Mark>>,
    pub tick: Option<i64>,
    pub update: u64,
}

impl StateDb {
    /// Says what [`StateDb::open`] would say of a folder, and changes nothing.
    pub fn probe(dir: &Path) -> Result<()> {
        let in_folder = |error| StateError::Folder { path: dir.display().to_string(), error };
        super::folder::probe(dir).map_err(in_folder)
    }

    /// Opens or creates `analyzer.redb` in a folder.
    pub fn open(dir: &Path) -> Result<StateDb> {
        let path = dir.join("analyzer.redb");
        let name = path.display().to_string();
        let in_folder = |error| StateError::Folder { path: dir.display().to_string(), error };
        std::fs::create_dir_all(dir).map_err(in_folder)?;
        let db = Database::create(&path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StateError::InUse { path: name.clone() },
            DatabaseError::Storage(StorageError::Io(error)) => in_folder(error),
            error => StateError::Open { path: name.clone(), error: Box::new(error.into()) },
        })?;
        let state = StateDb { db };
        match state.create_tables()? {
            VERSION => Ok(state),
            found => Err(StateError::Version { path: name, found }),
        }
    }

    fn create_tables(&self) -> Result<u64> {
        let write = self.db.begin_write().map_err(db)?;
        let version = {
            let mut meta = write.open_table(META).map_err(db)?;
            let found = meta.get("version").map_err(db)?.map(|v| v.value());
            if found.is_none() {
                meta.insert("version", VERSION).map_err(db)?;
            }
            for table in [INCIDENTS, MARKS, GAPS] {
                write.open_table(table).map_err(db)?;
            }
            found.unwrap_or(VERSION)
        };
        write.commit().map_err(db)?;
        Ok(version)
    }

    /// Durable when it returns.
    pub fn write(&self, changes: &Changes) -> Result<()> {
        let write = self.db.begin_write().map_err(db)?;
        {
            let mut incidents = write.open_table(INCIDENTS).map_err(db)?;
            for incident in &changes.incidents {
                put(&mut incidents, &incident.id, incident)?;
            }
            forget_incidents(&mut incidents)?;
            let mut gaps = write.open_table(GAPS).map_err(db)?;
            for gap in &changes.gaps {
                put_gap(&mut gaps, gap)?;
            }
            while gaps.len().map_err(db)? as usize > MAX_GAPS {
                gaps.pop_first().map_err(db)?;
            }
            let mut marks = write.open_table(MARKS).map_err(db)?;
            for (collector, mark) in &changes.marks {
                put(&mut marks, collector, mark)?;
            }
            let mut meta = write.open_table(META).map_err(db)?;
            if let Some(tick) = changes.tick {
                meta.insert("tick", tick as u64).map_err(db)?;
            }
            if let Some(update) = changes.update {
                meta.insert("update", update).map_err(db)?;
            }
        }
        write.commit().map_err(db)
    }

    pub fn read(&self) -> Result<Remembered> {
        let read = self.db.begin_read().map_err(db)?;
        let meta = read.open_table(META).map_err(db)?;
        let number = |key: &str| Ok::<_, StateError>(meta.get(key).map_err(db)?.map(|v| v.value()));
        let incidents = all(&read.open_table(INCIDENTS).map_err(db)?)?.into_values().collect();
        let gaps = all(&read.open_table(GAPS).map_err(db)?)?.into_values().collect();
        let marks = all(&read.open_table(MARKS).map_err(db)?)?;
        let tick = number("tick")?.map(|tick| tick as i64);
        Ok(Remembered { incidents, gaps, marks, tick, update: number("update")?.unwrap_or(0) })
    }
}

type Bytes<'t> = redb::Table<'t, &'static str, &'static [u8]>;

fn put(table: &mut Bytes<'_>, key: &str, value: &impl Serialize) -> Result<()> {
    table.insert(key, serde_json::to_vec(value)?.as_slice()).map_err(db)?;
    Ok(())
}

/// Time first in the key, so that the oldest are the first.
fn put_gap(table: &mut Bytes<'_>, gap: &GapRow) -> Result<()> {
    let GapRow { collector, boot, from_sequence, reason, from_ns, .. } = gap;
    let key = format!("{from_ns:020}/{collector}/{boot:016x}/{from_sequence:020}/{reason:?}");
    match gap.frames == 0 && *reason != crate::ingest::GapReason::Restart {
        true => table.remove(key.as_str()).map_err(db).map(drop),
        false => put(table, &key, gap),
    }
}

fn all<T: DeserializeOwned>(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<BTreeMap<String, T>> {
    let mut rows = BTreeMap::new();
    for row in table.iter().map_err(db)? {
        let (key, value) = row.map_err(db)?;
        rows.insert(key.value().to_owned(), serde_json::from_slice(value.value())?);
    }
    Ok(rows)
}

fn forget_incidents(table: &mut Bytes<'_>) -> Result<()> {
    if (table.len().map_err(db)? as usize) <= MAX_INCIDENTS {
        return Ok(());
    }
    let mut resolved: Vec<(i64, String)> =
        all::<Incident>(table)?.into_values().filter_map(|i| Some((i.resolved_ns?, i.id))).collect();
    resolved.sort_unstable();
    for (_, id) in resolved.into_iter().take(MAX_INCIDENTS / 10) {
        table.remove(id.as_str()).map_err(db)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::GapReason;

    #[test]
    fn what_was_written_is_there_after_a_restart() {
        let dir = std::env::temp_dir().join(format!("weft-state-{}", std::process::id()));
        let mark = Mark { boot: 7, ranges: vec![(0, 9)], last_flush_ns: 5, dropped: Some(2) };
        let gap = |frames| GapRow {
            collector: "n0".into(),
            boot: 7,
            from_sequence: 3,
            to_sequence: 4,
            from_ns: 1,
            to_ns: 2,
            frames,
            reason: GapReason::Lost,
        };
        let marks: BTreeMap<_, _> = [("n0".to_owned(), vec![mark])].into();
        {
            let state = StateDb::open(&dir).unwrap();
            let changes = Changes {
                gaps: vec![gap(2)],
                marks: marks.clone(),
                tick: Some(-3),
                update: Some(8),
                ..Default::default()
            };
            state.write(&changes).unwrap();
        }
        let state = StateDb::open(&dir).unwrap();
        let found = state.read().unwrap();
        assert_eq!((found.gaps, found.marks, found.tick, found.update), (vec![gap(2)], marks, Some(-3), 8));
        state.write(&Changes { gaps: vec![gap(0)], ..Default::default() }).unwrap();
        assert_eq!(state.read().unwrap().gaps, []);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
