//! The delivery log on disk: a small redb file of its own, a JSON value a (receiver, incident).

use super::log::{DeliveryLog, Key, MemoryLog};
use super::sent::Sent;
use anyhow::Context;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::path::Path;

const TABLE: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("deliveries.v1");
/// Receiver → wall time until which it asked to be left alone, ns.
const RESTS: TableDefinition<'_, &str, i64> = TableDefinition::new("rests.v1");

/// Reads are served from memory; a write is on disk when [`DeliveryLog::record`] returns.
pub struct RedbLog {
    memory: MemoryLog,
    database: Database,
}

impl RedbLog {
    pub fn open(path: &Path) -> anyhow::Result<RedbLog> {
        let database =
            Database::create(path).with_context(|| format!("cannot open the delivery log {}", path.display()))?;
        let write = database.begin_write()?;
        write.open_table(TABLE)?;
        write.open_table(RESTS)?;
        write.commit()?;
        let log = RedbLog { memory: MemoryLog::default(), database };
        log.read().with_context(|| format!("cannot read the delivery log {}", path.display()))?;
        Ok(log)
    }

    fn read(&self) -> anyhow::Result<()> {
        let mut rows: Vec<(String, Sent)> = Vec::new();
        for row in self.database.begin_read()?.open_table(TABLE)?.iter()? {
            let (key, value) = row?;
            rows.push((key.value().0.to_owned(), serde_json::from_slice(value.value())?));
        }
        for row in self.database.begin_read()?.open_table(RESTS)?.iter()? {
            let (receiver, until_ns) = row?;
            self.memory.rest(receiver.value(), until_ns.value())?;
        }
        let gone = self.memory.put(rows);
        if gone.is_empty() { Ok(()) } else { self.write("", &[], &gone) }
    }

    /// In one transaction.
    fn write(&self, receiver: &str, sent: &[Sent], gone: &[Key]) -> anyhow::Result<()> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for sent in sent {
                table.insert((receiver, sent.alert.incident()), serde_json::to_vec(sent)?.as_slice())?;
            }
            for (receiver, incident) in gone {
                table.remove((receiver.as_str(), incident.as_str()))?;
            }
        }
        Ok(write.commit()?)
    }
}

impl DeliveryLog for RedbLog {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent> {
        self.memory.last(receiver, incident)
    }

    /// What memory forgets the table forgets with it; should the write fail, at the next start.
    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()> {
        let gone = self.memory.put(sent.iter().map(|sent| (receiver.to_owned(), sent.clone())));
        self.write(receiver, sent, &gone)
    }

    fn all(&self) -> Vec<(String, Sent)> {
        self.memory.all()
    }

    fn rests_until(&self, receiver: &str) -> Option<i64> {
        self.memory.rests_until(receiver)
    }

    fn rest(&self, receiver: &str, until_ns: i64) -> anyhow::Result<()> {
        self.memory.rest(receiver, until_ns)?;
        let write = self.database.begin_write()?;
        write.open_table(RESTS)?.insert(receiver, until_ns)?;
        Ok(write.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::KEPT_RESOLVED;
    use super::*;
    use crate::notify::{Alert, Context};
    use redb::ReadableTableMetadata;
    use weft_judge::sample::{Changed, open};

    fn ended(n: usize) -> Sent {
        let alert = Alert::of(&open(&format!("{n:08}")).resolved(30), &Context::default()).unwrap();
        Sent { at_ns: n as i64, ..Sent::heard(alert, String::new()) }
    }

    fn rows(log: &RedbLog) -> u64 {
        log.database.begin_read().unwrap().open_table(TABLE).unwrap().len().unwrap()
    }

    #[test]
    fn the_table_forgets_what_memory_forgets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deliveries.redb");
        let log = RedbLog::open(&path).unwrap();
        let all: Vec<Sent> = (0..KEPT_RESOLVED).map(ended).collect();
        log.record("webhook", &all).unwrap();
        log.record("webhook", &[ended(KEPT_RESOLVED), ended(KEPT_RESOLVED + 1)]).unwrap();
        assert_eq!((log.all().len(), rows(&log)), (KEPT_RESOLVED, KEPT_RESOLVED as u64));
        assert_eq!(log.last("webhook", "00000001"), None);
        // An earlier version left a surplus: it goes once, at the start.
        log.write("webhook", &[ended(0), ended(1)], &[]).unwrap();
        drop(log);
        let log = RedbLog::open(&path).unwrap();
        assert_eq!((log.all().len(), rows(&log)), (KEPT_RESOLVED, KEPT_RESOLVED as u64));
    }
}
