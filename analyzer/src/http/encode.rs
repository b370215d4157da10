//! Arrow batches as JSON, CSV or an Arrow stream.

use super::ApiError;
use crate::sql::SqlAnswer;
use anyhow::Result;
use arrow_ipc::writer::StreamWriter;
use arrow_json::StructMode;
use arrow_json::writer::{JsonArray, WriterBuilder};
use axum::http::StatusCode;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Arrow,
}

const ARROW: &str = "application/vnd.apache.arrow.stream";

impl Format {
    /// The caller's strongest wish that can be served; of equal ones the first (RFC 9110, 12.5.1).
    pub fn of(accept: &str) -> Result<Format, ApiError> {
        let known = |media: &str| match media.trim().to_ascii_lowercase().as_str() {
            ARROW => Some(Format::Arrow),
            "text/csv" | "text/*" => Some(Format::Csv),
            "application/json" | "application/*" | "*/*" | "" => Some(Format::Json),
            _ => None,
        };
        let wish = |part: &str| {
            let (media, parameters) = part.split_once(';').unwrap_or((part, ""));
            Some((known(media)?, weight(parameters))).filter(|(_, weight)| *weight > 0.0)
        };
        let stronger = |best: Option<(Format, f32)>, next: (Format, f32)| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            _ => Some(next),
        };
        let none = || {
            ApiError::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", format!("cannot answer as {accept:?}"))
                .hint(format!("accept application/json, {ARROW} or text/csv"))
        };
        accept.split(',').filter_map(wish).fold(None, stronger).map(|(format, _)| format).ok_or_else(none)
    }

    pub fn mime(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Arrow => ARROW,
        }
    }
}

/// `q` of a wish, 0 to 1; 1 where it is left out or no number. 0 forbids.
fn weight(parameters: &str) -> f32 {
    let value = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok()).flatten()
    };
    parameters.split(';').find_map(value).filter(|q: &f32| (0.0..=1.0).contains(q)).unwrap_or(1.0)
}

pub fn encode(format: Format, answer: &SqlAnswer) -> Result<Vec<u8>> {
    match format {
        Format::Json => json(answer),
        Format::Csv => csv(answer),
        Format::Arrow => arrow(answer),
    }
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    columns: Vec<Column<'a>>,
    /// An array a row, in the order of `columns`.
    rows: &'a RawValue,
    truncated: bool,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    r#type: String,
    unit: &'a str,
}

fn json(answer: &SqlAnswer) -> Result<Vec<u8>> {
    let builder = WriterBuilder::new().with_struct_mode(StructMode::ListOnly).with_explicit_nulls(true);
    let mut writer = builder.build::<_, JsonArray>(Vec::new());
    writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let mut rows = String::from_utf8(writer.into_inner())?;
    if rows.is_empty() {
        rows.push_str("[]");
    }
    let columns = answer.schema.fields().iter().map(|field| Column {
        name: field.name(),
        r#type: field.data_type().to_string(),
        unit: field.metadata().get("unit").map_or("", String::as_str),
    });
    let rows = RawValue::from_string(rows)?;
    Ok(serde_json::to_vec(&JsonAnswer { columns: columns.collect(), rows: &rows, truncated: answer.truncated })?)
}

/// A null is an empty field; lists are written as Arrow displays them.
fn csv(answer: &SqlAnswer) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(answer.schema.fields().iter().map(|field| field.name()))?;
    let options = FormatOptions::default();
    for batch in &answer.batches {
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for column in &columns {
                writer.write_field(column.value(row).try_to_string()?)?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
    }
    Ok(writer.into_inner()?)
}

fn arrow(answer: &SqlAnswer) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), &answer.schema)?;
    for batch in &answer.batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_wish_that_can_be_served_wins() {
        for (accept, format) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("text/html, text/csv", Some(Format::Csv)),
            ("text/csv, application/json", Some(Format::Csv)),
            ("text/csv;q=0.5, application/json", Some(Format::Json)),
            ("application/json;q=0.1, application/vnd.apache.arrow.stream ; Q=0.2", Some(Format::Arrow)),
            ("application/json;q=0, text/csv", Some(Format::Csv)),
            ("text/csv;q=much", Some(Format::Csv)),
            ("text/csv;q=0", None),
            ("text/html", None),
            ("garbage", None),
        ] {
            assert_eq!(Format::of(accept).ok(), format, "{accept}");
        }
    }
}
