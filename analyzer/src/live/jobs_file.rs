//! A file of jobs that is watched: whoever starts and ends jobs writes it, and weft judges what it says from the next tick on.
//!
//! ```text
//! jobs.csv ──(each second: another length, time or file?)──► read ──► in force
//!                                                             └ broken: said with file and line; the last good one stays
//! ```

use crate::operations::{JobsInForce, Source};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A job is to be judged within 5 s of its line: this, and the tick that then closes.
const EVERY: Duration = Duration::from_secs(1);

/// Which file of that name it is, and when it was written: a file that is replaced has another number.
type Stamp = (u64, u64, i64, i64);

fn stamp(file: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

#[derive(Debug)]
pub struct JobsFile {
    path: PathBuf,
    seen: Option<Stamp>,
    jobs: JobsInForce,
}

impl JobsFile {
    pub fn new(path: PathBuf, jobs: JobsInForce) -> JobsFile {
        JobsFile { path, seen: None, jobs }
    }

    /// Watches for ever.
    pub async fn watch(mut self) {
        loop {
            // On a share that has gone, a look may take long.
            match tokio::task::spawn_blocking(move || (self.look(), self).1).await {
                Ok(file) => self = file,
                Err(error) => return tracing::error!(%error, "the jobs file is no longer watched; please report it"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Reads the file when it is another one than it was.
    fn look(&mut self) {
        let now = stamp(&self.path);
        if now == self.seen {
            return;
        }
        // Before reading: what is written meanwhile is another stamp.
        let had_one = std::mem::replace(&mut self.seen, now).is_some();
        let path = self.path.display();
        if now.is_none() && had_one {
            return tracing::warn!(%path, "the jobs file is gone: the jobs that it had last stay in force");
        }
        match weft_trace::load_jobs(&self.path) {
            Ok(jobs) => {
                tracing::info!(%path, rows = jobs.len(), "the jobs file was read");
                self.jobs.put(Source::File, jobs);
                self.jobs.trouble(Source::File, None);
            }
            Err(error) => {
                metrics::counter!("weft_jobs_file_errors_total").increment(1);
                tracing::error!("{error}; the jobs that were read last stay in force");
                self.jobs.trouble(Source::File, Some(format!("{error}; the jobs that were read last stay in force")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(file: &mut JobsFile) -> Option<Vec<String>> {
        file.look();
        file.jobs.take().map(|jobs| jobs.into_iter().map(|job| job.job).collect())
    }

    #[test]
    fn a_file_is_read_when_it_changes_and_the_last_good_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.csv");
        let write = |text: &str| {
            // As a careful writer does: whole, and then in its place.
            std::fs::write(dir.path().join("new"), text).unwrap();
            std::fs::rename(dir.path().join("new"), &path).unwrap();
        };
        let mut file = JobsFile::new(path.clone(), JobsInForce::default());
        assert_eq!(looked(&mut file), None, "there is none yet");
        write("job,device\nj1,n0\n");
        assert_eq!(looked(&mut file), Some(vec!["j1".to_owned()]));
        assert_eq!(looked(&mut file), None, "not again");
        write("job,device\nj1,n0\nj2\n");
        assert_eq!(looked(&mut file), None, "broken");
        write("job,device\nj2,n0\n");
        assert_eq!(looked(&mut file), Some(vec!["j2".to_owned()]));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(looked(&mut file), None, "gone is not ended");
        write("job,device\n");
        assert_eq!(looked(&mut file), Some(Vec::new()), "all have ended");
        write("job,device\nj3\n");
        assert_eq!((looked(&mut file), file.jobs.troubles().len()), (None, 1), "it is said what is wrong");
    }
}
