//! A snapshot of the judge as a file, `judge.snapshot` in the state folder.
//!
//! ```text
//! one zstd stream with a checksum:  {"tick":1700000059,"positions":{"0":4711}}\n  then the bytes of `Engine::snapshot`
//! ```
//! So `zstdcat judge.snapshot | head -1` says what it stands for. The file is written beside the old one and renamed when
//! it is on the disk: a crash leaves the old one or the new one, never a half.

use crate::operations::JobsTold;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Of zstd: its fastest, for a snapshot is written every minute and read once.
const LEVEL: i32 = 1;

/// What a snapshot stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Index of the last tick that was judged.
    pub tick: i64,
    /// By partition, the position of the first message that had not been taken in then.
    pub positions: BTreeMap<i32, i64>,
    /// The jobs that were in force: the judge's memory of a job is found again under a plan that has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: JobsTold,
}

/// The file's path in a state folder.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("judge.snapshot")
}

/// Durable when it returns, with the length of the file in bytes.
pub fn write(path: &Path, about: &About, judge: &[u8]) -> io::Result<u64> {
    let beside = beside(path, "new");
    let mut encoder = zstd::Encoder::new(BufWriter::new(File::create(&beside)?), LEVEL)?;
    encoder.include_checksum(true)?;
    serde_json::to_writer(&mut encoder, about)?;
    encoder.write_all(b"\n")?;
    encoder.write_all(judge)?;
    let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The rename itself is durable when the folder is.
    File::open(path.parent().filter(|dir| *dir != Path::new("")).unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file.metadata()?.len())
}

/// What the file stands for, and the bytes of the engine; `None` when there is no such file.
pub fn read(path: &Path) -> io::Result<Option<(About, Vec<u8>)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut decoder = BufReader::new(zstd::Decoder::new(file)?);
    let mut about = Vec::new();
    decoder.read_until(b'\n', &mut about)?;
    let mut judge = Vec::new();
    io::Read::read_to_end(&mut decoder, &mut judge)?;
    Ok(Some((serde_json::from_slice(&about)?, judge)))
}

/// Puts a file out of the way that cannot be read, and keeps it: the newest of them, under another name.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = beside(path, "aside");
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(word);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn about() -> About {
        About { tick: -7, positions: [(0, 4711), (3, 9)].into(), ..About::default() }
    }

    #[test]
    fn what_was_written_is_read_and_replaced_as_a_whole() {
        let dir = tempdir().unwrap();
        let path = path(dir.path());
        assert_eq!(read(&path).unwrap(), None);
        for judge in [vec![7; 100_000], b"two\nlines".to_vec(), Vec::new()] {
            let length = write(&path, &about(), &judge).unwrap();
            assert_eq!(length, std::fs::metadata(&path).unwrap().len());
            assert_eq!(read(&path).unwrap(), Some((about(), judge)));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_is_torn_or_none_of_ours_is_an_error_and_can_be_set_aside() {
        let dir = tempdir().unwrap();
        let path = path(dir.path());
        write(&path, &about(), &[7; 100_000]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let damaged = |at: usize| whole.iter().enumerate().map(|(i, b)| b ^ u8::from(i == at)).collect::<Vec<u8>>();
        for bytes in [whole[..whole.len() - 1].to_vec(), damaged(whole.len() - 2), b"{}".to_vec(), Vec::new()] {
            std::fs::write(&path, &bytes).unwrap();
            assert!(read(&path).is_err(), "{bytes:?}");
            let aside = set_aside(&path).unwrap();
            assert_eq!((read(&path).unwrap(), std::fs::read(aside).unwrap()), (None, bytes));
        }
    }
}
