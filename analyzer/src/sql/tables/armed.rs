//! `armed`: which detectors can say anything here, and what would arm the rest.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_judge::detect::armed::{Armed, Off};

pub const TABLE: SqlTable = SqlTable {
    name: "armed",
    kind: Kind::Small(table),
    about: "Which detectors can say anything here: a row a detector, a kind of part that it looks at (ports, jobs, devices) and a reason why it says nothing of some of them. armed_count is how many of that kind it watches, off_count how many are off for that reason; a detector that watches all of them has one row without a reason.",
    example: "SELECT detector, part, off_count, reason, arm FROM armed WHERE off_count > 0 ORDER BY off_count DESC",
};

/// A detector, a kind of part, how many are armed, and why others are not.
type Row<'a> = (&'a Armed, &'a str, usize, Option<&'a Off>);

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let all = store.armed();
    let found: Vec<Row<'_>> = all.iter().flat_map(rows_of).collect();
    let rows = || found.iter();
    Rows::default()
        .text("detector", rows().map(|(armed, ..)| &armed.detector))
        .text("facts", rows().map(|(armed, ..)| armed.facts.join(", ")))
        .flag("armed", rows().map(|(armed, ..)| armed.armed))
        .text("part", rows().map(|(_, part, ..)| *part))
        .int("armed_count", "1", rows().map(|(_, _, count, _)| i64::try_from(*count).ok()))
        .int("off_count", "1", rows().map(|(.., off)| i64::try_from(off.map_or(0, |off| off.count)).ok()))
        .maybe_text("reason", rows().map(|(.., off)| off.map(|off| &off.reason)))
        .maybe_text("arm", rows().map(|(.., off)| off.map(|off| &off.arm)))
        .finish()
}

fn rows_of(armed: &Armed) -> Vec<Row<'_>> {
    let count = |part: &str| match part {
        "ports" => armed.ports,
        "jobs" => armed.jobs,
        _ => 0,
    };
    let mut rows: Vec<Row<'_>> =
        armed.off.iter().map(|off| (armed, off.of.as_str(), count(&off.of), Some(off))).collect();
    for part in ["ports", "jobs"] {
        if count(part) > 0 && !armed.off.iter().any(|off| off.of == part) {
            rows.push((armed, part, count(part), None));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreConfig;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use weft_judge::testkit::star;

    #[test]
    fn a_detector_has_a_row_a_reason_and_one_without_where_all_is_armed() {
        let store = Store::new(star(1), &StoreConfig { window_ns: 1, window_bytes: 1 });
        assert_eq!(table(&store).unwrap().num_rows(), 0, "nobody can be asked yet");
        let off = |of: &str, count: usize| Off { reason: "why".into(), count, of: of.into(), arm: "how".into() };
        let armed = |ports: usize, jobs: usize, off: Vec<Off>| Armed {
            detector: "d".into(),
            facts: vec!["a".into(), "b".into()],
            armed: ports + jobs > 0,
            ports,
            jobs,
            off,
        };
        let all = vec![armed(7, 1, vec![off("ports", 2)]), armed(0, 0, vec![off("jobs", 0)]), armed(9, 0, Vec::new())];
        store.ask_for_armed(move || all.clone());
        let rows = table(&store).unwrap();
        let text = |column: &str, row: usize| rows.column_by_name(column).unwrap().as_string::<i32>().value(row).to_owned();
        let number = |column: &str, row: usize| rows.column_by_name(column).unwrap().as_primitive::<Int64Type>().value(row);
        let row = |row: usize| (text("part", row), number("armed_count", row), number("off_count", row), text("reason", row));
        let expected = [("ports", 7, 2, "why"), ("jobs", 1, 0, ""), ("jobs", 0, 0, "why"), ("ports", 9, 0, "")];
        let found: Vec<_> = (0..rows.num_rows()).map(row).collect();
        assert_eq!(found, expected.map(|(part, on, off, reason)| (part.to_owned(), on, off, reason.to_owned())));
    }
}
