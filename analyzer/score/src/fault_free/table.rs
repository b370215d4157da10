//! What traces without faults showed, as a table for a terminal.

use super::{FaultFree, LEVELS, Tail};
use crate::report::{Look, table};

/// The whole report, with a line end.
pub fn fault_free_table(all: &FaultFree) -> String {
    let rate = &all.false_rate;
    let most = rate.bound.map_or("no node-days".to_owned(), |bound| format!("at most {bound:.2} per 1,000 node-days"));
    let accused = all.r#false.iter().map(|(trace, label)| format!("  {trace}: {label}\n"));
    let accused = accused.collect::<String>();
    format!(
        "{} traces, {:.3} node-days, {} false incidents: {most} with 95 % certainty\n{accused}\n\
         How often evidence rose to so many nats by chance, and in brackets how often it may at most (! more often)\n{}\n",
        all.traces,
        rate.node_days,
        rate.r#false,
        table(rows(all), Look::Terminal)
    )
}

fn rows(all: &FaultFree) -> Vec<Vec<String>> {
    let levels = LEVELS.iter().map(|nats| format!("{nats} nats"));
    let ends = ["greatest", "its bar"].map(str::to_owned);
    let head = ["detector", "readings"].map(str::to_owned).into_iter().chain(levels).chain(ends).collect();
    let row = |(detector, tail): (&String, &Tail)| {
        let bar = tail.bar.map_or(String::new(), |bar| format!("{bar:.1}"));
        let begin = [detector.clone(), format!("{:.0}", tail.readings)];
        let end = [format!("{:.1}", tail.most), bar];
        begin.into_iter().chain((0..LEVELS.len()).map(|level| cell(tail, level))).chain(end).collect()
    };
    std::iter::once(head).chain(all.tails.iter().map(row)).collect()
}

fn cell(tail: &Tail, level: usize) -> String {
    let allowed = tail.allowed(level);
    let digits = if allowed < 9.95 { 1 } else { 0 };
    let mark = if tail.is_exceeded(level) { " !" } else { "" };
    format!("{} ({allowed:.digits$}){mark}", tail.reached[level])
}

#[cfg(test)]
mod tests {
    use super::super::Shard;
    use super::*;

    #[test]
    fn the_table_says_how_often_and_how_often_at_most() {
        let tail = Tail { readings: 1e3, reached: [40, 3, 0, 0, 0, 1], most: 15.2, bar: Some(22.9) };
        let shard = Shard {
            trace: "march".into(),
            weft: "0".into(),
            allowed: 0.1,
            node_days: 60.0,
            r#false: vec!["slow_link h1/eth0".into()],
            tails: [("counted_errors".to_owned(), tail)].into(),
        };
        let all = FaultFree::of(&[shard]);
        let said = fault_free_table(&all);
        assert!(!all.is_good());
        for part in
            ["1 traces, 60.000 node-days, 1 false incidents: at most 79.06 per 1,000", "march: slow_link h1/eth0"]
        {
            assert!(said.contains(part), "{part}\n{said}");
        }
        let row = said.lines().find(|line| line.contains("counted_errors")).expect("a row");
        let cells: Vec<&str> = row.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(
            cells,
            [
                "counted_errors",
                "1000",
                "40 (50)",
                "3 (6.7)",
                "0 (0.9)",
                "0 (0.1)",
                "0 (0.0)",
                "1 (0.0) !",
                "15.2",
                "22.9"
            ]
        );
    }
}
