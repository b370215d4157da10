//! truth.csv: what was really wrong, and when. Those who score a verdict read it; those who judge never do.

use crate::error::Result;
use crate::family::{Family, classes};
use crate::table::Table;
use std::path::Path;

/// One fault that was really there.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub fault: String,
    pub class: String,
    pub family: Family,
    pub device: String,
    /// Empty: the whole device. A cable is named by either end.
    pub port: String,
    pub start_ns: i64,
    /// The largest number where the file leaves the end open: the fault outlasts the trace.
    pub end_ns: i64,
    /// Fraction of step time that the hardest-hit job lost, where it is known.
    pub step_loss: Option<f64>,
    pub note: String,
}

impl Truth {
    /// A fault that may be missed: the counters leave it open, or it costs nobody.
    pub fn is_optional(&self) -> bool {
        self.note.contains("optional")
    }
}

/// The faults of a trace in the order of its file; none where it has no truth.csv: such a trace is free of faults.
pub fn load_truth(dir: &Path) -> Result<Vec<Truth>> {
    let Some(mut table) = Table::open(dir, "truth.csv")? else { return Ok(Vec::new()) };
    let [fault, class] = [table.column("fault")?, table.column("class")?];
    let [device, start, end] = [table.column("device")?, table.column("start_ns")?, table.column("end_ns")?];
    let [port, loss, note] = ["port", "step_loss", "note"].map(|c| table.optional_column(c));
    let mut rows = Vec::new();
    while table.next_row()? {
        let name = table.name(class, "class")?;
        let truth = Truth {
            fault: table.text(fault)?.to_owned(),
            class: name.to_owned(),
            family: Family::of(name).ok_or_else(|| unknown_class(&table, name))?,
            device: table.text(device)?.to_owned(),
            port: table.text(port)?.to_owned(),
            start_ns: table.stamp(start, "start_ns")?,
            end_ns: table.optional_stamp(end, "end_ns")?.unwrap_or(i64::MAX),
            step_loss: fraction(&table, table.text(loss)?)?,
            note: table.text(note)?.to_owned(),
        };
        if truth.end_ns < truth.start_ns {
            return Err(table.error("end_ns is before start_ns", "swap them"));
        }
        if truth.device.is_empty() && truth.family != Family::Benign {
            return Err(table.error("device is empty", "name the culprit, so that a verdict can be compared with it"));
        }
        rows.push(truth);
    }
    Ok(rows)
}

fn unknown_class(table: &Table, name: &str) -> crate::error::TraceError {
    let all: Vec<&str> = classes().collect();
    table.error(format!("class is {name:?}"), format!("write one of {}", all.join(", ")))
}

fn fraction(table: &Table, text: &str) -> Result<Option<f64>> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(loss) if loss <= 1.0 && loss.is_finite() => Ok(Some(loss)),
            _ => Err(table.error(
                format!("step_loss is {text:?}"),
                "write a fraction of step time, 0.25 for a quarter, or nothing where it is not known",
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "fault,class,device,port,start_ns,end_ns,step_loss,note";

    fn loaded(header: &str, row: &str) -> std::result::Result<Vec<Truth>, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("truth.csv"), format!("{header}\n{row}\n")).unwrap();
        load_truth(dir.path()).map_err(|e| e.to_string().rsplit_once('/').unwrap().1.to_owned())
    }

    #[test]
    fn a_row_is_read_whole() {
        let row = "f1,slow_link,n1,eth0,1700000000000000000,1700000009000000000,0.25,\"optional, or not\"";
        let truth = loaded(HEADER, row).unwrap().remove(0);
        assert!(truth.is_optional() && truth.family == Family::Link);
        assert_eq!((truth.device.as_str(), truth.port.as_str(), truth.step_loss), ("n1", "eth0", Some(0.25)));
        let open = loaded("fault,class,device,start_ns,end_ns", "f1,gpu_lost,n1,1700000000000000000,").unwrap();
        assert_eq!((open[0].end_ns, open[0].port.as_str(), open[0].step_loss), (i64::MAX, "", None));
        assert_eq!(load_truth(tempfile::tempdir().unwrap().path()), Ok(Vec::new()), "no file, no fault");
    }

    #[test]
    fn a_broken_row_is_named_with_its_mend() {
        let check = |row: &str, expected: &str| {
            let said = loaded(HEADER, row).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        };
        let (t0, t1) = (1_700_000_000_000_000_000i64, 1_700_000_009_000_000_000i64);
        check(&format!("f1,slowlink,n1,,{t0},{t1},,"), "truth.csv:2: class is \"slowlink\"; write one of lossy_link, ");
        check(&format!("f1,slow_link,,,{t0},{t1},,"), "truth.csv:2: device is empty; name the culprit");
        check(&format!("f1,slow_link,n1,,{t1},{t0},,"), "truth.csv:2: end_ns is before start_ns; swap them");
        check(&format!("f1,slow_link,n1,,{t0},{t1},25,"), "truth.csv:2: step_loss is \"25\"; write a fraction");
        check(&format!("f1,slow_link,n1,,,{t1},,"), "truth.csv:2: start_ns is empty; write a whole number");
        check("f1,slow_link,n1,,1700000000,,,", "truth.csv:2: start_ns is 1700000000");
    }
}
