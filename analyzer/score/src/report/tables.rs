//! The tables of a report, drawn for a terminal or for a page of Markdown.

use crate::baselines::Beside;
use crate::compare::{Compared, Fault};
use crate::elsewhere::Elsewhere;
use crate::figures::{Delay, Figures, Ratio};
use crate::report::draw::{Look, row, table};
use crate::report::metamorphic;
use crate::score::Score;

/// Rates of faults at one operator, per 1,000 node-days: of the network, and of all kinds (reference/faults.md).
const IN_THE_FIELD: [(&str, f64, f64); 2] = [("network faults", 0.4, 0.6), ("all faults", 3.8, 4.2)];

/// A title and the rows of a table, the head first; a table without rows beside its head has nothing to tell.
type Section = (&'static str, Vec<Vec<String>>);

/// All tables of a report, in order.
pub fn sections(score: &Score) -> Vec<Section> {
    vec![
        ("Faults", faults(score)),
        ("False incidents", false_incidents(score)),
        ("In all", overall(&score.overall)),
        ("By group", groups(score)),
        ("What was taken for what", confusion(score)),
        ("Confidence", calibration(&score.overall)),
        ("Beside other rules, on the traces with faults", beside(&score.beside)),
        ("Where constants were not chosen", elsewhere(&score.elsewhere)),
        ("Disturbed", score.metamorphic.as_ref().map_or(Vec::new(), metamorphic::disturbances)),
        ("What changed when disturbed", score.metamorphic.as_ref().map_or(Vec::new(), metamorphic::changes)),
    ]
}

pub fn report(score: &Score, look: Look) -> String {
    let drawn = sections(score).into_iter().filter(|(_, rows)| rows.len() > 1).map(|(title, rows)| match look {
        Look::Terminal => format!("{title}\n{}\n", table(rows, look)),
        Look::Markdown => format!("## {title}\n\n{}\n", table(rows, look)),
    });
    drawn.collect::<Vec<_>>().join("\n")
}

fn faults(score: &Score) -> Vec<Vec<String>> {
    let head =
        row(["trace", "fault", "part", "verdict", "after s", "ticks", "lost", "said", "named in its time", "readings"]);
    let rows = score.traces.iter().flat_map(|trace| {
        let label = label(score, trace);
        trace.faults.iter().map(move |fault| fault_row(label.clone(), fault))
    });
    std::iter::once(head).chain(rows).collect()
}

/// The name of a trace, and its source where there are several.
fn label(score: &Score, trace: &Compared) -> String {
    match score.traces.iter().all(|other| other.source == trace.source) {
        true => trace.trace.clone(),
        false => format!("{}/{}", trace.source, trace.trace),
    }
}

fn fault_row(trace: String, fault: &Fault) -> Vec<String> {
    vec![
        trace,
        fault.class.clone(),
        fault.part.clone(),
        verdict(fault).to_owned(),
        fault.opened_after_ns.map(|ns| format!("{:.1}", ns as f64 / 1e9)).unwrap_or_default(),
        fault.ticks.map(|ticks| format!("{ticks:.1}")).unwrap_or_default(),
        percent(fault.loss),
        percent(fault.said),
        if fault.exact { String::new() } else { fault.named.join(", ") },
        fault.limit.map(|limit| format!("{} read, {:.0} needed", limit.had, limit.needed)).unwrap_or_default(),
    ]
}

fn verdict(fault: &Fault) -> &'static str {
    match fault {
        Fault { found: true, exact: true, .. } => "found",
        Fault { found: true, .. } => "found, another class",
        Fault { optional: true, .. } => "may be missed",
        Fault { culprit: true, .. } => "missed, the part was named",
        Fault { among_three: true, .. } => "missed, the part was a candidate",
        _ => "missed",
    }
}

fn false_incidents(score: &Score) -> Vec<Vec<String>> {
    let rows = score.traces.iter().flat_map(|trace| {
        let name = label(score, trace);
        trace.r#false.iter().map(move |incident| vec![name.clone(), incident.clone()])
    });
    std::iter::once(row(["trace", "incident"])).chain(rows).collect()
}

fn overall(figures: &Figures) -> Vec<Vec<String>> {
    let Figures { loss, false_rate, .. } = figures;
    let points = |value: Option<f64>| value.map_or("unknown".to_owned(), |v| format!("{:.1} points", v * 100.0));
    let signed = loss.bias.map_or("unknown".to_owned(), |v| format!("{:+.1} points", v * 100.0));
    let mut rows = vec![
        row(["figure", "value"]),
        vec!["faults".into(), format!("{}, and {} that cost less than 3 %", figures.faults, figures.weak)],
        vec!["recall".into(), ratio(figures.recall)],
        vec!["missed for want of readings".into(), beyond(figures)],
        vec!["exact class".into(), ratio(figures.exact)],
        vec!["culprit".into(), ratio(figures.culprit)],
        vec!["culprit among three".into(), ratio(figures.among_three)],
        vec!["precision".into(), ratio(figures.precision)],
        vec!["duplicates".into(), figures.duplicates.to_string()],
        vec!["seconds to detect".into(), delay(figures.seconds)],
        vec!["ticks to detect".into(), delay(figures.ticks)],
        vec![
            "error of lost step time".into(),
            format!("median {}, mean {}; said less true {signed}", points(loss.median), points(loss.mean)),
        ],
        vec![
            "false per 1,000 node-days".into(),
            format!(
                "{} in {:.4} node-days: {}; below {} with 95 % certainty",
                false_rate.r#false,
                false_rate.node_days,
                rate(false_rate.rate),
                rate(false_rate.bound)
            ),
        ],
    ];
    let recall = figures.recall.value().unwrap_or_default();
    for (what, low, high) in IN_THE_FIELD {
        let [at_low, at_high] = [low, high].map(|faults| number(false_rate.precision_at(faults, recall)));
        let least = number(false_rate.least_precision_at(low, recall));
        let value = format!("{at_low} to {at_high}; with 95 % certainty at least {least}");
        rows.push(vec![format!("precision at {low} to {high} {what}"), value]);
    }
    rows
}

/// Misses that nobody could have told from chance, and recall of the others.
fn beyond(figures: &Figures) -> String {
    let others = Ratio { of: figures.recall.of - figures.beyond_limit, ..figures.recall };
    match figures.beyond_limit {
        0 => "0".to_owned(),
        number => format!("{number}; recall of the others {}", ratio(others)),
    }
}

fn groups(score: &Score) -> Vec<Vec<String>> {
    let head =
        ["by", "group", "faults", "recall", "exact", "culprit", "precision", "false", "half told s", "loss error"];
    let rows = score.groups.iter().map(|group| {
        let figures = &group.figures;
        vec![
            group.by.to_owned(),
            group.name.clone(),
            figures.faults.to_string(),
            ratio(figures.recall),
            number(figures.exact.value()),
            number(figures.culprit.value()),
            ratio(figures.precision),
            figures.r#false.to_string(),
            figures.seconds.half.map_or("never".to_owned(), |s| format!("{s:.1}")),
            percent(figures.loss.median),
        ]
    });
    std::iter::once(row(head)).chain(rows).collect()
}

fn elsewhere(rows: &[Elsewhere]) -> Vec<Vec<String>> {
    let head = ["detector", "constants chosen on", "classes", "faults elsewhere", "recall", "precision", "false"];
    let rows = rows.iter().map(|one| {
        let on = match one.detector.chosen_on.is_empty() {
            true => "none".to_owned(),
            false => one.detector.chosen_on.join(", "),
        };
        let Figures { faults, recall, precision, r#false, .. } = one.figures;
        let [name, classes] = [one.detector.name.clone(), one.detector.classes.join(", ")];
        vec![name, on, classes, faults.to_string(), ratio(recall), ratio(precision), r#false.to_string()]
    });
    std::iter::once(row(head)).chain(rows).collect()
}

/// A row a system; each threshold was tuned on the traces that the other one judges.
fn beside(rows: &[Beside]) -> Vec<Vec<String>> {
    let head =
        ["system", "thresholds", "faults", "recall", "culprit", "precision", "false", "half told s", "what it is"];
    let rows = rows.iter().map(|one| {
        let figures = &one.figures;
        let thresholds: Vec<String> = one.thresholds.iter().map(|t| format!("{t:.1}")).collect();
        vec![
            one.name.clone(),
            thresholds.join(", "),
            figures.faults.to_string(),
            ratio(figures.recall),
            ratio(figures.culprit),
            ratio(figures.precision),
            figures.r#false.to_string(),
            figures.seconds.half.map_or("never".to_owned(), |s| format!("{s:.1}")),
            one.about.clone(),
        ]
    });
    std::iter::once(row(head)).chain(rows).collect()
}

fn confusion(score: &Score) -> Vec<Vec<String>> {
    let rows = score.confusion.iter().map(|pair| {
        let [truth, said] = [&pair.truth, &pair.said].map(|class| class.clone().unwrap_or("nothing".to_owned()));
        vec![truth, said, pair.count.to_string()]
    });
    std::iter::once(row(["truth", "said of the part", "times"])).chain(rows).collect()
}

fn calibration(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = vec![row(["confidence", "mean", "right"])];
    let bins = &figures.calibration.reliability;
    rows.extend(bins.iter().map(|bin| {
        vec![format!("{:.1} to {:.1}", bin.from, bin.to), format!("{:.3}", bin.mean_confidence), ratio(bin.right)]
    }));
    if let Some(brier) = figures.calibration.brier {
        rows.push(vec!["Brier".into(), format!("{brier:.3}"), format!("of {} verdicts", figures.calibration.verdicts)]);
    }
    rows
}

/// `.467 (7/15, .248–.699)`.
fn ratio(ratio: Ratio) -> String {
    match (ratio.value(), ratio.wilson()) {
        (Some(_), Some((low, high))) => {
            let [low, high] = [low, high].map(|bound| number(Some(bound)));
            format!("{} ({}/{}, {low}–{high})", number(ratio.value()), ratio.hits, ratio.of)
        }
        _ => "none".to_owned(),
    }
}

/// Three digits, without the leading zero: `.467`.
fn number(value: Option<f64>) -> String {
    value.map_or("none".to_owned(), |value| format!("{value:.3}").trim_start_matches('0').to_owned())
}

/// Of a rate per 1,000 node-days three digits are enough, whatever its size.
fn rate(value: Option<f64>) -> String {
    match value {
        None => "unknown".to_owned(),
        Some(value) if value < 10.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
    }
}

fn percent(value: Option<f64>) -> String {
    value.map(|value| format!("{:.1} %", value * 100.0)).unwrap_or_default()
}

fn delay(delay: Delay) -> String {
    let shown = |value: Option<f64>| value.map_or("never".to_owned(), |v| format!("{v:.1}"));
    let (half, nine, median) = (shown(delay.half), shown(delay.nine_in_ten), shown(delay.median_of_found));
    format!("half of all: {half}, nine in ten: {nine}, {} missed; median of those found: {median}", delay.missed)
}

#[cfg(test)]
mod tests;
