//! What traces showed, kept in a folder, in a folder of its own each: `DIR/SOURCE/NAME/fault_free.json`.

use crate::judged::{Failed, place_of};
use std::path::{Path, PathBuf};
use weft_score::Shard;

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
        let failed = |source| Failed::Kept { path: file.display().to_string(), source };
        let folder = file.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        serde_json::to_writer_pretty(&mut beside, shard).map_err(|e| failed(e.into()))?;
        beside.persist(&file).map_err(|e| failed(e.error))?;
        Ok(())
    }

    fn file(&self, trace: &Path) -> PathBuf {
        self.folder.join(place_of(trace)).join("fault_free.json")
    }
}
