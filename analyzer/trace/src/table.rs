//! One CSV file of a trace, plain, `.gz` or `.zst`: rows by column name, errors by line.

use crate::error::{Result, TraceError};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use weft_wire::stamp;

const READ_BUFFER: usize = 1 << 20;

pub struct Table {
    /// As it stands in errors.
    file: String,
    reader: csv::Reader<Box<dyn Read + Send>>,
    header: Vec<String>,
    record: csv::ByteRecord,
}

/// A column of this file, or its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column(Option<usize>);

impl Table {
    /// `None` when the folder has no such file.
    pub fn open(dir: &Path, name: &str) -> Result<Option<Table>> {
        let found = ["", ".zst", ".gz"].iter().map(|suffix| dir.join(format!("{name}{suffix}"))).find(|p| p.is_file());
        found.map(Table::read).transpose()
    }

    /// `mend` for when it is not there.
    pub fn required(dir: &Path, name: &str, mend: &str) -> Result<Table> {
        let absent = || TraceError::new(dir.join(name).display().to_string(), 0, "no such file", mend);
        Table::open(dir, name)?.ok_or_else(absent)
    }

    fn read(path: PathBuf) -> Result<Table> {
        let file = path.display().to_string();
        let broken = |e: std::io::Error| TraceError::new(&file, 0, e.to_string(), "check that it can be read");
        let input = decompressed(&path).map_err(broken)?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(READ_BUFFER).from_reader(input);
        let header = reader.byte_headers().map_err(|e| csv_error(&file, &e))?;
        let header = header.iter().map(|h| String::from_utf8_lossy(h).trim().trim_start_matches('\u{feff}').to_owned());
        let header = header.collect();
        Ok(Table { file, reader, header, record: csv::ByteRecord::new() })
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn optional_column(&self, name: &str) -> Column {
        Column(self.header.iter().position(|h| h == name))
    }

    pub fn column(&self, name: &str) -> Result<Column> {
        match self.optional_column(name) {
            Column(None) => Err(TraceError::new(
                &self.file,
                1,
                format!("the header has no column {name} (it has {})", self.header.join(",")),
                "add it, or rename the column that holds it",
            )),
            found => Ok(found),
        }
    }

    /// False at the end. Empty lines are no rows.
    pub fn next_row(&mut self) -> Result<bool> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(false),
            Ok(true) if self.record.len() < self.header.len() => Err(self.error(
                format!("{} fields, the header has {}", self.record.len(), self.header.len()),
                "write every field, empty ones too",
            )),
            Ok(true) => Ok(true),
            Err(e) => Err(csv_error(&self.file, &e)),
        }
    }

    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// Empty when the file has no such column.
    pub fn bytes(&self, column: Column) -> &[u8] {
        column.0.and_then(|c| self.record.get(c)).unwrap_or_default()
    }

    pub fn text(&self, column: Column) -> Result<&str> {
        std::str::from_utf8(self.bytes(column)).map_err(|_| self.error("not UTF-8", "write the file as UTF-8"))
    }

    pub fn name(&self, column: Column, what: &str) -> Result<&str> {
        match self.text(column)? {
            "" => Err(self.error(format!("{what} is empty"), format!("name the {what}"))),
            text => Ok(text),
        }
    }

    /// `None` when the field is empty.
    pub fn optional_int(&self, column: Column, what: &str) -> Result<Option<i64>> {
        let bytes = self.bytes(column).trim_ascii();
        if bytes.is_empty() {
            return Ok(None);
        }
        parse_int(bytes).map(Some).ok_or_else(|| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let mend = if what.ends_with("_ns") { "write integer ns since the epoch" } else { "write a whole number" };
            self.error(format!("{what} is {text:?}, no integer"), mend)
        })
    }

    pub fn int(&self, column: Column, what: &str) -> Result<i64> {
        self.optional_int(column, what)?.ok_or_else(|| self.error(format!("{what} is empty"), "write a whole number"))
    }

    /// A time in ns since 1970; one in another unit is an error.
    pub fn stamp(&self, column: Column, what: &str) -> Result<i64> {
        let ts_ns = self.int(column, what)?;
        match stamp::wrong(ts_ns) {
            None => Ok(ts_ns),
            Some(wrong) => Err(self.error(format!("{what} is {}", wrong.what()), wrong.mend())),
        }
    }

    /// The same where a time may be left open: empty, 0 ("since ever") or the largest number ("for ever").
    pub fn optional_stamp(&self, column: Column, what: &str) -> Result<Option<i64>> {
        match self.optional_int(column, what)? {
            None | Some(0 | i64::MAX) => self.optional_int(column, what),
            Some(_) => self.stamp(column, what).map(Some),
        }
    }

    /// An error at the current row.
    pub fn error(&self, what: impl Into<String>, mend: impl Into<String>) -> TraceError {
        TraceError::new(&self.file, self.line(), what, mend)
    }
}

/// Digits with a sign; also `1e9` and `12.0`, as spreadsheets write them.
pub fn parse_int(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit) {
        let value = digits.iter().fold(0i64, |n, d| n * 10 + i64::from(d - b'0'));
        return Some(if negative { -value } else { value });
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse()
        .ok()
        .or_else(|| text.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64))
}

fn decompressed(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    Ok(match path.extension().and_then(|e| e.to_str()) {
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(READ_BUFFER, file))),
        _ => Box::new(file),
    })
}

fn csv_error(file: &str, error: &csv::Error) -> TraceError {
    let line = error.position().map_or(0, csv::Position::line);
    TraceError::new(file, line, error.to_string(), "check the file's end and its quotes")
}
