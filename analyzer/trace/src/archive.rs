//! A trace where it lies: a folder, or a folder packed as .tar.zst.

use crate::error::{Result, TraceError};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const ENDING: &str = ".tar.zst";
const MANIFEST: &str = "trace.toml";

/// The folder of a trace. One that was unpacked is removed when this is dropped.
#[derive(Debug)]
pub struct TraceFolder {
    /// As it was given.
    given: PathBuf,
    path: PathBuf,
    _unpacked: Option<TempDir>,
}

impl TraceFolder {
    /// Opens a folder as it is, and unpacks an archive: its trace is the folder in it, at any depth, that holds trace.toml.
    pub fn open(path: &Path) -> Result<TraceFolder> {
        let failed = |what: &str, mend: &str| TraceError::new(path.display().to_string(), 0, what, mend);
        if path.is_dir() {
            return Ok(TraceFolder { given: path.to_owned(), path: path.to_owned(), _unpacked: None });
        }
        if !path.to_string_lossy().ends_with(ENDING) {
            let what = if path.exists() { "neither a folder nor a .tar.zst" } else { "no such trace" };
            return Err(failed(what, "give a folder that holds trace.toml, or such a folder packed as .tar.zst"));
        }
        let into = tempfile::tempdir().map_err(|e| failed(&e.to_string(), "check that TMPDIR can be written"))?;
        unpack(path, into.path()).map_err(|e| failed(&e.to_string(), "pack it anew: tar --zstd -cf X.tar.zst X/"))?;
        let found = holder(into.path()).ok_or_else(|| failed("holds no trace.toml", "pack the folder of the trace"))?;
        Ok(TraceFolder { given: path.to_owned(), path: found, _unpacked: Some(into) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about a file of it, by the path that was given and not by where it was unpacked.
    pub fn said_of(&self, error: TraceError) -> TraceError {
        let inside = Path::new(&error.file).strip_prefix(&self.path).map(|inside| self.given.join(inside));
        let file = inside.map_or(error.file, |file| file.display().to_string());
        TraceError { file, ..error }
    }
}

/// What a trace is called: the name of its folder or archive, without the ending.
pub fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(ENDING).unwrap_or(&name).to_owned()
}

fn unpack(archive: &Path, into: &Path) -> std::io::Result<()> {
    tar::Archive::new(zstd::Decoder::new(File::open(archive)?)?).unpack(into)
}

/// The folder nearest to the top that holds the manifest.
fn holder(dir: &Path) -> Option<PathBuf> {
    if dir.join(MANIFEST).is_file() {
        return Some(dir.to_owned());
    }
    let entries = std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().find_map(|folder| holder(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::tiny;

    #[test]
    fn an_archive_is_the_folder_that_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("tiny");
        std::fs::create_dir(&folder).unwrap();
        tiny(&folder);
        let packed = dir.path().join("packed.tar.zst");
        let mut archive = tar::Builder::new(zstd::Encoder::new(File::create(&packed).unwrap(), 1).unwrap());
        archive.append_dir_all("deep/tiny", &folder).unwrap();
        archive.into_inner().unwrap().finish().unwrap();
        for path in [&folder, &packed] {
            let opened = TraceFolder::open(path).unwrap();
            assert_eq!(crate::load_plan(opened.path()).unwrap().devices.len(), 3);
            let inside = opened.path().join("truth.csv").display().to_string();
            let said = opened.said_of(TraceError::new(inside, 2, "wrong", "mend it"));
            assert_eq!(said.file, path.join("truth.csv").display().to_string());
        }
        assert_eq!((name_of(&folder), name_of(&packed)), ("tiny".to_owned(), "packed".to_owned()));
    }

    #[test]
    fn what_is_no_trace_is_said_to_be_none() {
        let dir = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("absent", "no such trace; give a folder"),
            ("plain.csv", "neither a folder nor a .tar.zst; give a folder"),
            ("broken.tar.zst", "; pack it anew"),
        ] {
            let path = dir.path().join(name);
            if name != "absent" {
                std::fs::write(&path, "no archive").unwrap();
            }
            let said = TraceFolder::open(&path).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
