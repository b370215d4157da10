//! Which lines of the kernel's log are told, and of which part. A further one is a row of [`LINES`].

use super::record::Record;

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A PCI device: `0000:3b:00.0`, or without its function, as NVIDIA's driver writes it.
    Pci(String),
    /// An interface by its index, and by its name.
    Index(String),
    Interface(String),
    /// The machine.
    Node,
}

/// A line worth telling.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub part: Part,
    /// Its row in [`LINES`].
    pub line: usize,
    /// Code of an Xid error.
    pub xid: Option<u32>,
}

/// Where a line names its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// `NVRM: Xid (PCI:0000:1b:00): 79, …`; of a part of a GPU `(PCI:0000:1b:00 GPU-I:05)`.
    Xid,
    /// The device that the record names, else a PCI address in the text, else `NETDEV WATCHDOG: eth0 (driver): …`.
    Card,
    Node,
}

/// (what its driver is called at the beginning, or nothing; what stands in the line; whose it is), from the drivers' sources.
const LINES: [(&str, &str, Of); 17] = [
    ("NVRM: ", "Xid (PCI:", Of::Xid),
    // drivers/net/ethernet/mellanox/mlx5/core: cmd.c, health.c. The firmware of the card does not answer.
    ("mlx5_core", "timeout. Will cause a leak of a command resource", Of::Card),
    ("mlx5_core", "device's health compromised", Of::Card),
    ("mlx5_core", "Fatal error ", Of::Card),
    // drivers/net/ethernet/broadcom/bnxt/bnxt_hwrm.c; drivers/net/ethernet/pensando/ionic/ionic_main.c.
    ("bnxt_en", "Error (timeout:", Of::Card),
    ("ionic", " timeout after ", Of::Card),
    ("ionic", "failed: TIMEOUT (", Of::Card),
    // net/sched/sch_generic.c: a queue with something to send has sent nothing for seconds.
    ("", "NETDEV WATCHDOG: ", Of::Card),
    // drivers/pci/pcie: aer.c, dpc.c.
    ("", "PCIe Bus Error: severity=Uncorrect", Of::Card),
    ("", "DPC: containment event", Of::Card),
    // net/sunrpc/clnt.c; kernel/hung_task.c, kernel/watchdog.c; mm/oom_kill.c; arch/x86/kernel/cpu/mce/core.c; drivers/edac.
    ("nfs: server ", " not responding", Of::Node),
    ("INFO: task ", " blocked for more than ", Of::Node),
    ("watchdog: BUG: soft lockup", "", Of::Node),
    ("Out of memory: Killed process", "", Of::Node),
    ("Memory cgroup out of memory: Killed process", "", Of::Node),
    ("mce: ", "Machine check events logged", Of::Node),
    ("EDAC ", " UE ", Of::Node),
];

impl Said {
    /// `None` of a line that is not told.
    pub fn of(record: &Record) -> Option<Said> {
        if !record.is_kernels {
            return None;
        }
        let text = record.text.as_str();
        let is_it = |(begins, has, _): &(&str, &str, Of)| text.starts_with(begins) && text.contains(has);
        let line = LINES.iter().position(is_it)?;
        let (part, xid) = match LINES[line].2 {
            Of::Node => (Part::Node, None),
            Of::Card => (card(record), None),
            Of::Xid => {
                let (named, rest) = text.split_once("(PCI:")?.1.split_once("): ")?;
                let address = named.split(' ').next()?;
                let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (Part::Pci(address.to_lowercase()), Some(rest[..digits].parse().ok()?))
            }
        };
        Some(Said { part, line, xid })
    }
}

fn card(record: &Record) -> Part {
    if let Some(device) = &record.device {
        if let Some(address) = device.strip_prefix("+pci:") {
            return Part::Pci(address.to_lowercase());
        }
        if let Some(index) = device.strip_prefix('n').filter(|index| index.parse::<u32>().is_ok()) {
            return Part::Index(index.to_owned());
        }
    }
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
    let words =
        || record.text.split(is_separator).map(|word| word.trim_end_matches(':')).filter(|word| !word.is_empty());
    match (words().find(|word| is_address(word)), words().skip_while(|word| *word != "WATCHDOG").nth(1)) {
        (Some(address), _) => Part::Pci(address.to_lowercase()),
        (None, Some(interface)) => Part::Interface(interface.to_owned()),
        (None, None) => Part::Node,
    }
}

/// `0000:3b:00.0`
fn is_address(word: &str) -> bool {
    let is_hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = word.split([':', '.']).collect();
    let lengths = [4, 2, 2, 1];
    parts.len() == lengths.len() && parts.iter().zip(lengths).all(|(part, length)| is_hex(part, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, device: Option<&str>) -> Option<(Part, Option<u32>)> {
        let device = device.map(str::to_owned);
        let record = Record { number: 1, is_kernels: true, text: text.into(), device };
        Said::of(&record).map(|said| (said.part, said.xid))
    }

    #[test]
    fn lines_and_whom_they_are_about() {
        let pci = |address: &str| Part::Pci(address.into());
        for (text, device, expected) in [
            (
                "NVRM: Xid (PCI:0000:1B:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
                None,
                Some((pci("0000:1b:00"), Some(79))),
            ),
            (
                "NVRM: Xid (PCI:0000:1b:00 GPU-I:05): 94, pid=12, name=python3, Ch 00000008",
                None,
                Some((pci("0000:1b:00"), Some(94))),
            ),
            (
                "mlx5_core 0000:03:00.0: wait_func:1195:(pid 1967079): ENABLE_HCA(0x104) timeout. Will cause a leak of a command resource",
                None,
                Some((pci("0000:03:00.0"), None)),
            ),
            (
                "mlx5_core 0000:d2:00.1: poll_health:825:(pid 0): device's health compromised - reached miss count",
                Some("+pci:0000:d2:00.1"),
                Some((pci("0000:d2:00.1"), None)),
            ),
            (
                "NETDEV WATCHDOG: ens3f0 (mlx5_core): transmit queue 3 timed out",
                None,
                Some((Part::Interface("ens3f0".into()), None)),
            ),
            (
                "mlx5_core 0000:3b:00.0 ens3f0: NETDEV WATCHDOG: CPU: 3: transmit queue 0 timed out 5120 ms",
                Some("+pci:0000:3b:00.0"),
                Some((pci("0000:3b:00.0"), None)),
            ),
            (
                "bnxt_en 0000:5e:00.0 ens1: Error (timeout: 500015) msg {0x41 0x7} len:0",
                Some("n7"),
                Some((Part::Index("7".into()), None)),
            ),
            ("nfs: server 10.0.0.9 not responding, still trying", None, Some((Part::Node, None))),
            ("INFO: task python3:77 blocked for more than 120 seconds.", None, Some((Part::Node, None))),
            ("NVRM: Xid (PCI:0000:1b:00", None, None),
            ("NVRM: loading NVIDIA UNIX x86_64 Kernel Module", None, None),
            ("mlx5_core 0000:03:00.0: firmware version: 20.35.1012", None, None),
            ("python3[77]: nfs: server x not responding", None, None),
        ] {
            assert_eq!(read(text, device), expected, "{text}");
        }
    }

    #[test]
    fn what_a_program_writes_is_not_told() {
        let text = "NVRM: Xid (PCI:0000:1b:00): 79, pid=1".to_owned();
        let record = Record { number: 1, is_kernels: false, text, device: None };
        assert_eq!(Said::of(&record), None);
    }
}
