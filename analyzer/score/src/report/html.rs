//! A score as one HTML file that needs nothing beside it: the tables of the terminal, and a picture of each wrong verdict.

use super::{svg, tables};
use crate::picture::{Curve, Picture};
use crate::score::Score;

const STYLE: &str = include_str!("report.css");

pub fn page(score: &Score) -> String {
    let sections = tables::sections(score).into_iter().filter(|(_, rows)| rows.len() > 1);
    let tables: String = sections.map(|(title, rows)| format!("<h2>{}</h2>{}", escaped(title), table(&rows))).collect();
    let pictures: Vec<&Picture> = score.traces.iter().flat_map(|trace| &trace.pictures).collect();
    let drawn: String = pictures.iter().map(|picture| article(picture)).collect();
    let wrong = match pictures.len() {
        0 => String::new(),
        number => format!(
            "<h2>What the counters showed: {number} wrong verdicts</h2><p>The span of the fault, or the opening of a false \
             incident, is marked. Counters that did not move are left out.</p>{drawn}"
        ),
    };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>weft score</title><style>{STYLE}</style><main><h1>Score of {} traces</h1>{tables}{wrong}</main></html>\n",
        score.traces.len()
    )
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |cells: &Vec<String>, tag: &str| {
        let cells: String =
            cells.iter().map(|cell| format!("<{tag}{}>{}</{tag}>", mood(cell), escaped(cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    let body: String = rows[1..].iter().map(|row| line(row, "td")).collect();
    format!("<div class=\"wide\"><table><thead>{}</thead><tbody>{body}</tbody></table></div>", line(&rows[0], "th"))
}

/// Verdicts have a colour.
fn mood(cell: &str) -> &'static str {
    match cell {
        "found" => " class=\"good\"",
        _ if cell.starts_with("missed") && !cell.contains("for want") => " class=\"bad\"",
        _ => "",
    }
}

fn article(picture: &Picture) -> String {
    let panel = |panel| {
        let svg = svg::panel(picture, panel);
        let label = |(number, curve): (usize, &Curve)| {
            format!("<span class=\"key c{number}\">{}</span>", escaped(&curve.label))
        };
        let keys: String = panel.curves.iter().enumerate().map(label).collect();
        format!("<figure><figcaption><b>{}</b>, {} {keys}</figcaption>{svg}</figure>", panel.title, panel.unit)
    };
    let panels: String = picture.panels.iter().map(panel).collect();
    let (title, about) = (escaped(&picture.title), escaped(&picture.about));
    format!("<article><h3>{title}</h3><p>{about}</p><div class=\"panels\">{panels}</div></article>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::testkit::{subject, truth};

    #[test]
    fn a_page_needs_nothing_beside_it_and_names_are_escaped() {
        let mut compared = compare(&subject(vec![truth("slow_link", "n0", "eth0", 100, 200)]), &[]);
        compared.trace = "<b>".into();
        let text = page(&Score::of(vec![compared]));
        assert!(text.contains("<td>&lt;b&gt;</td>") || text.contains("&lt;b&gt;"), "{text}");
        assert!(text.contains("<td class=\"bad\">missed</td>"), "{text}");
        assert!(!text.contains("src=") && !text.contains("http"), "it asks nobody for anything");
    }
}
