//! The state folder.

use std::io;
use std::path::Path;

/// Says what a start would say of this folder, and leaves it as it was: one that is absent is made and removed again.
pub fn probe(dir: &Path) -> io::Result<()> {
    let absent: Vec<&Path> =
        dir.ancestors().take_while(|folder| !folder.exists() && *folder != Path::new("")).collect();
    let probed = std::fs::create_dir_all(dir).and_then(|()| write_in(dir));
    for folder in absent {
        // What another process put there meanwhile stays.
        let _ = std::fs::remove_dir(folder);
    }
    probed
}

fn write_in(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&path, b"")?;
    std::fs::remove_file(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_and_tells_what_is_in_the_way() {
        let home = std::env::temp_dir().join(format!("weft-probe-{}", std::process::id()));
        probe(&home.join("a/b")).unwrap();
        assert!(!home.exists(), "what was absent is absent again");
        std::fs::create_dir_all(home.join("a")).unwrap();
        probe(&home.join("a")).unwrap();
        assert_eq!(std::fs::read_dir(home.join("a")).unwrap().count(), 0);
        std::fs::write(home.join("file"), b"").unwrap();
        assert!(probe(&home.join("file")).is_err() && probe(&home.join("file/a")).is_err());
        assert!(probe(Path::new("/proc/nope")).is_err());
        std::fs::remove_dir_all(&home).unwrap();
    }
}
