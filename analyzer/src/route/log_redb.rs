//! The delivery log on disk: a small redb file of its own, a JSON value a (receiver, incident).

use super::dedup::Sent;
use super::log::{DeliveryLog, MemoryLog, surplus_of};
use anyhow::Context;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::path::Path;

const TABLE: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("deliveries.v1");

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
        write.commit()?;
        let log = RedbLog { memory: MemoryLog::default(), database };
        log.read().with_context(|| format!("cannot read the delivery log {}", path.display()))?;
        Ok(log)
    }

    fn read(&self) -> anyhow::Result<()> {
        for row in self.database.begin_read()?.open_table(TABLE)?.iter()? {
            let (key, value) = row?;
            let sent: Sent = serde_json::from_slice(value.value())?;
            self.memory.record(key.value().0, &[sent])?;
        }
        Ok(())
    }

    fn prune(&self, table: &mut redb::Table<'_, (&str, &str), &[u8]>) -> anyhow::Result<()> {
        let keyed = self.memory.all().into_iter().map(|(receiver, sent)| {
            let incident = sent.alert.incident().to_owned();
            ((receiver, incident), sent)
        });
        for (receiver, incident) in surplus_of(&keyed.collect::<BTreeMap<_, _>>()) {
            table.remove((receiver.as_str(), incident.as_str()))?;
        }
        Ok(())
    }
}

impl DeliveryLog for RedbLog {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent> {
        self.memory.last(receiver, incident)
    }

    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for sent in sent {
                table.insert((receiver, sent.alert.incident()), serde_json::to_vec(sent)?.as_slice())?;
            }
            self.prune(&mut table)?;
        }
        write.commit()?;
        self.memory.record(receiver, sent)
    }

    fn all(&self) -> Vec<(String, Sent)> {
        self.memory.all()
    }
}
