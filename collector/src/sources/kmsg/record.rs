//! One record of the kernel's log, as `/dev/kmsg` gives it (the kernel's Documentation/ABI/testing/dev-kmsg):
//!
//! ```text
//! 4,1204,86412345678,-;mlx5_core 0000:3b:00.0: wait_func:1195:(pid 77): ENABLE_HCA(0x104) timeout. Will cause a leak …
//!  SUBSYSTEM=pci
//!  DEVICE=+pci:0000:3b:00.0
//! ```
//! Before the semicolon: facility · 8 + level, number of the record, µs since the machine started, flags, and whatever later
//! kernels add. Behind it the message, in which a byte that cannot be printed is written `\x0a`. Then, a line each, what the
//! driver says of the device that the message is about.

/// The kernel's own facility. Everything that a program writes into the log has another one.
const KERNEL: u64 = 0;

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// One more than that of the record before, unless records were overwritten before they were read.
    pub number: u64,
    /// The kernel wrote it, and no program.
    pub is_kernels: bool,
    pub text: String,
    /// `+pci:0000:3b:00.0`, `n8` (interface index 8): the device as its driver names it.
    pub device: Option<String>,
}

impl Record {
    /// `None` of bytes that are no record.
    pub fn parse(bytes: &[u8]) -> Option<Record> {
        let whole = String::from_utf8_lossy(bytes);
        let (head, rest) = whole.split_once(';')?;
        let mut fields = head.split(',');
        let mut number = || fields.next()?.parse::<u64>().ok();
        let (facility_and_level, number, _since_boot_us) = (number()?, number()?, number()?);
        let mut lines = rest.lines();
        let text = lines.next()?.to_owned();
        let device = lines.find_map(|line| line.strip_prefix(" DEVICE=")).map(str::to_owned);
        Some(Record { number, is_kernels: facility_and_level / 8 == KERNEL, text, device })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_the_kernel_and_of_programs() {
        let of = |number, is_kernels, text: &str, device: Option<&str>| {
            Some(Record { number, is_kernels, text: text.into(), device: device.map(str::to_owned) })
        };
        for (bytes, expected) in [
            ("6,339,5140900,-;NET: Registered PF_INET\n", of(339, true, "NET: Registered PF_INET", None)),
            (
                "4,1204,86412345678,-,caller=T77;mlx5_core 0000:3b:00.0: timeout\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n",
                of(1204, true, "mlx5_core 0000:3b:00.0: timeout", Some("+pci:0000:3b:00.0")),
            ),
            ("30,7,1,-;systemd[1]: NVRM: Xid\n", of(7, false, "systemd[1]: NVRM: Xid", None)),
            ("6,1,2,c;a; b, c\n", of(1, true, "a; b, c", None)),
            ("", None),
            ("6,1;text", None),
            ("a,b,c,-;text", None),
            ("6,1,2,-;", None),
        ] {
            assert_eq!(Record::parse(bytes.as_bytes()), expected, "{bytes}");
        }
        assert_eq!(Record::parse(b"6,1,2,-;\xff\xfe").unwrap().text, "\u{fffd}\u{fffd}");
    }
}
