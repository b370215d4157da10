//! What the GPUs say, as the text beside the library has it.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// NVML_ERROR_NOT_SUPPORTED.
pub const NOT_SUPPORTED: u32 = 3;

#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub value: u64,
    /// `nvmlValueType_t`.
    pub kind: u32,
}

#[derive(Debug, Default)]
pub struct Script {
    lines: HashMap<(String, String), String>,
    xids: Vec<(u32, u64)>,
    pub gpus: u32,
    told_xids: usize,
    /// Inode and time of the text that was read: a rename gives another inode.
    read: (u64, i64),
}

static SCRIPT: LazyLock<Mutex<Script>> = LazyLock::new(Mutex::default);

/// As the text stands now.
pub fn script() -> MutexGuard<'static, Script> {
    let mut script = SCRIPT.lock().unwrap_or_else(PoisonError::into_inner);
    let path = beside_this_library();
    if let Ok(file) = std::fs::metadata(&path) {
        let now = (file.ino(), file.mtime_nsec());
        if script.read != now {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            *script = Script { told_xids: script.told_xids, read: now, ..Script::parse(&text) };
        }
    }
    script
}

impl Script {
    fn parse(text: &str) -> Script {
        let mut script = Script::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.splitn(3, ' ');
            let [who, what, said] = [(); 3].map(|()| words.next().unwrap_or_default().trim());
            let index = |name: &str| name.trim_start_matches("gpu").split('/').next()?.parse::<u32>().ok();
            if let Some(index) = index(who).filter(|_| who.starts_with("gpu")) {
                script.gpus = script.gpus.max(index + 1);
            }
            match who {
                "xid" => script.xids.extend(index(what).zip(said.parse().ok())),
                _ => drop(script.lines.insert((who.to_owned(), what.to_owned()), said.to_owned())),
            }
        }
        script
    }

    /// The error is NVML's code.
    pub fn text(&self, who: &str, what: &str) -> Result<&str, u32> {
        let gpu = who.split('/').next().unwrap_or_default();
        let line = |who: &str, what: &str| self.lines.get(&(who.to_owned(), what.to_owned()));
        let said = line(gpu, "all").or_else(|| line(who, what)).ok_or(NOT_SUPPORTED)?;
        match said.strip_prefix('!').and_then(|code| code.parse().ok()) {
            Some(code) => Err(code),
            None => Ok(said),
        }
    }

    pub fn number(&self, who: &str, what: &str) -> Result<Answer, u32> {
        let said = self.text(who, what)?;
        let (value, kind) = said.split_once(':').unwrap_or((said, "3"));
        // A double and a negative number are written as such, and travel as their bits.
        let bits = value.parse::<u64>().ok().or_else(|| value.parse::<i64>().ok().map(|signed| signed as u64));
        let bits = bits.or_else(|| value.parse::<f64>().ok().map(f64::to_bits));
        let (value, kind) = bits.zip(kind.parse().ok()).ok_or(999u32)?;
        Ok(Answer { value, kind })
    }

    /// The next Xid that was not told yet: GPU and code.
    pub fn next_xid(&mut self) -> Option<(u32, u64)> {
        let xid = self.xids.get(self.told_xids).copied()?;
        self.told_xids += 1;
        Some(xid)
    }
}

fn beside_this_library() -> PathBuf {
    // SAFETY: `info` is plain old data for which zeroes are valid; `dladdr` fills it for an address of this library, and the
    // name it points to lives as long as the library is loaded.
    #[expect(unsafe_code, reason = "only dladdr(3) knows where a library was loaded from")]
    let name = unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(&raw const SCRIPT as *const libc::c_void, &raw mut info) == 0 || info.dli_fname.is_null() {
            return PathBuf::new();
        }
        CStr::from_ptr(info.dli_fname)
    };
    Path::new(OsStr::from_bytes(name.to_bytes())).with_file_name("nvml.txt")
}
