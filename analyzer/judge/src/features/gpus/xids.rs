//! What the driver says of a GPU in words: Xid errors, and that it is lost.

/// What an Xid says of a GPU (reference/faults.md, 23; NVIDIA's Xid catalogue).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// 79: fallen off the bus; 119, 120: its firmware (GSP) does not answer.
    Lost(u32),
    /// 48: an error beyond correction; 92: many corrected ones; 94, 95: one that was contained, or not; 140: one that was not
    /// recovered from.
    Memory(u32),
}

/// The word of NVML for a GPU that has fallen off the bus, code 15: what a collector writes when a reading ends with it.
const LOST: &str = "GPU_IS_LOST";
pub const FALLEN_OFF: u32 = 79;

pub fn of_code(code: u32) -> Option<Says> {
    match code {
        FALLEN_OFF | 119 | 120 => Some(Says::Lost(code)),
        48 | 92 | 94 | 95 | 140 => Some(Says::Memory(code)),
        _ => None,
    }
}

/// Of an event of kind `xid` or `kernel`. Other Xids are those of applications, or tell nothing that counters do not.
pub fn read(kind: &str, text: &str) -> Option<Says> {
    match kind {
        "xid" | "kernel" if text.contains(LOST) => Some(Says::Lost(FALLEN_OFF)),
        "xid" | "kernel" => of_code(code(kind, text)?),
        _ => None,
    }
}

/// `gpu3: Xid 79`, `NVRM: Xid (PCI:0000:1b:00): 79, pid=1234, GPU has fallen off the bus.`, or the number alone of an event that
/// is one.
fn code(kind: &str, text: &str) -> Option<u32> {
    let after = match text.split_once("Xid") {
        Some((_, after)) => after,
        None if kind == "xid" => text,
        None => return None,
    };
    let after = after.trim_start();
    let after = if after.starts_with('(') { after.split_once("):")?.1 } else { after };
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        for (kind, text, expected) in [
            ("xid", "gpu3: Xid 79", Some(Says::Lost(79))),
            ("xid", "119", Some(Says::Lost(119))),
            ("kernel", "NVRM: Xid (PCI:0000:1b:00): 79, pid=12, GPU has fallen off the bus.", Some(Says::Lost(79))),
            ("kernel", "NVRM: Xid (PCI:0000:1b:00): 94, pid=12", Some(Says::Memory(94))),
            ("kernel", "gpu3: NVML: GPU_IS_LOST (15)", Some(Says::Lost(79))),
            ("xid", "gpu3: Xid 31", None),
            ("kernel", "eth0: 79 packets", None),
            ("change", "Xid 79", None),
        ] {
            assert_eq!(read(kind, text), expected, "{kind} {text}");
        }
    }
}
