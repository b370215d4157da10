//! What traces showed, kept in a folder, one file a trace: `DIR/NAME-HASH.json`. The hash is of the trace's whole path, so that two
//! traces of one name do not meet.

use super::failed::Failed;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use weft_score::Shard;
use weft_trace::name_of;

pub struct Shards {
    folder: PathBuf,
}

impl Shards {
    pub fn in_folder(folder: &Path) -> Shards {
        Shards { folder: folder.to_owned() }
    }

    /// What a trace showed; `None` where nothing is kept of it, where that cannot be read, or where another version of weft
    /// judged it, or one that was allowed another number of false alarms: the trace is judged anew then.
    pub fn find(&self, trace: &Path, allowed: f64) -> Option<Shard> {
        let text = std::fs::read_to_string(self.file(trace)).ok()?;
        let shard: Option<Shard> = serde_json::from_str(&text).ok();
        shard.filter(|shard| shard.weft == env!("CARGO_PKG_VERSION") && shard.allowed == allowed)
    }

    /// Written beside its place and moved there, so that a call that is stopped leaves no half of a file.
    pub fn keep(&self, trace: &Path, shard: &Shard) -> Result<(), Failed> {
        let file = self.file(trace);
        let failed = |source| Failed::Shard { path: file.display().to_string(), source };
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut beside = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        serde_json::to_writer_pretty(&mut beside, shard).map_err(|e| failed(e.into()))?;
        beside.persist(&file).map_err(|e| failed(e.error))?;
        Ok(())
    }

    fn file(&self, trace: &Path) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        trace.canonicalize().unwrap_or_else(|_| trace.to_owned()).hash(&mut hasher);
        self.folder.join(format!("{}-{:016x}.json", name_of(trace), hasher.finish()))
    }
}
