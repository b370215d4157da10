//! A score for people (a table, Markdown) and for programs (JSON).

mod draw;
mod html;
mod metamorphic;
mod svg;
mod tables;

use crate::score::Score;
pub use draw::{Look, table};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    #[default]
    Table,
    Json,
    Markdown,
}

impl std::str::FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        match text {
            "table" => Ok(Output::Table),
            "json" => Ok(Output::Json),
            "markdown" => Ok(Output::Markdown),
            _ => Err("write table, json or markdown".to_owned()),
        }
    }
}

/// The report as one HTML file that needs nothing beside it.
pub fn html(score: &Score) -> String {
    html::page(score)
}

/// The whole report, with a line end.
pub fn render(score: &Score, output: Output) -> String {
    match output {
        Output::Table => tables::report(score, Look::Terminal),
        Output::Markdown => tables::report(score, Look::Markdown),
        Output::Json => serde_json::to_string_pretty(score).expect("figures are plain data") + "\n",
    }
}
