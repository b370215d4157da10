use super::*;
use crate::compare::{Limit, compare};
use crate::report::{Output, render};
use crate::testkit::{incident, subject, truth};

#[test]
fn numbers_are_short_and_say_what_is_not_known() {
    assert_eq!(ratio(Ratio { hits: 7, of: 15 }), ".467 (7/15, .248–.699)");
    assert_eq!(ratio(Ratio { hits: 3, of: 3 }), "1.000 (3/3, .439–1.000)");
    assert_eq!(ratio(Ratio::default()), "none");
    assert_eq!((rate(Some(1234.4)), rate(Some(0.123)), rate(None)), ("1234".into(), "0.12".into(), "unknown".into()));
}

#[test]
fn every_output_tells_the_same_score() {
    let truths = vec![truth("slow_link", "n0", "eth0", 100, 200), truth("host_straggler", "n1", "", 400, 500)];
    let said = [incident("slow_link", "l0", "swp0", 107), incident("link_down", "n1", "eth0", 300)];
    let mut compared = compare(&subject(truths), &said);
    compared.faults[1].limit = Some(Limit { needed: 36.1, had: 20 });
    let score = Score::of(vec![compared]);
    let (table, markdown) = (render(&score, Output::Table), render(&score, Output::Markdown));
    for (what, table_row, markdown_row) in [
        ("a fault", "│ t     ┆ slow_link      ┆ n0/eth0 ┆ found ", "| t     | slow_link      | n0/eth0 | found "),
        ("a miss", "┆ n1/     ┆ missed  ┆         ┆ ", "| n1/     | missed  |         |"),
        ("its limit", "┆ 20 read, 36 needed", "| 20 read, 36 needed"),
        ("what nobody could see", "┆ 1; recall of the others 1.000 (1/1,", "| 1; recall of the others 1.000 (1/1,"),
        ("a false incident", "│ t     ┆ link_down n1/eth0 │", "| t     | link_down n1/eth0 |"),
        ("recall", "┆ .500 (1/2, .095–.905)", "| .500 (1/2, .095–.905)"),
    ] {
        assert!(table.contains(table_row), "{what}:\n{table}");
        assert!(markdown.contains(markdown_row), "{what}:\n{markdown}");
    }
    let json: serde_json::Value = serde_json::from_str(&render(&score, Output::Json)).unwrap();
    assert_eq!(json["overall"]["recall"]["value"], 0.5);
    assert_eq!(json["traces"][0]["faults"][0]["opened_after_ns"], 7_000_000_000i64);
    assert_eq!(json["traces"][0]["false"][0], "link_down n1/eth0");
    assert_eq!(json["groups"][0]["by"], "family");
}
