//! For tests: a copy of the library in a folder of its own, with its script.

use std::path::{Path, PathBuf};

/// A library that is loaded by its own path, so that two tests in one process do not share GPUs.
#[derive(Clone, Debug)]
pub struct Double {
    folder: PathBuf,
}

impl Double {
    /// Copies the library into `folder` and makes it say `script`.
    pub fn install(folder: &Path, script: &str) -> Double {
        let double = Double { folder: folder.to_owned() };
        double.say(script);
        std::fs::copy(built(), double.library()).expect("the built library can be copied");
        double
    }

    /// The path for `[collector] nvml`.
    pub fn library(&self) -> PathBuf {
        self.folder.join("libnvidia-ml.so.1")
    }

    /// From the next call on, in one piece.
    pub fn say(&self, script: &str) {
        let new = self.folder.join("nvml.txt.new");
        std::fs::write(&new, script).expect("the script can be written");
        std::fs::rename(new, self.folder.join("nvml.txt")).expect("the script can be put in place");
    }
}

/// Cargo puts the libraries that a test depends on beside the test.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let beside = test.with_file_name("libweft_nvml_double.so");
    if beside.is_file() { beside } else { test.with_file_name("deps").join("libweft_nvml_double.so") }
}
