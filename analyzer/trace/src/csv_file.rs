//! One CSV file while it is written.

use std::borrow::Cow;
use std::fmt::Arguments;
use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

/// zstd's default level: samples become about 20 times smaller than their text, and are compressed faster than a recording
/// brings them.
const ZSTD_LEVEL: i32 = 3;
/// Bytes gathered before they are written: 256 KiB are some 4,000 lines of samples.
const WRITE_BUFFER: usize = 1 << 18;

/// A CSV file, compressed with zstd when its name ends in `.zst`.
pub struct CsvFile {
    output: Output,
}

enum Output {
    Plain(BufWriter<File>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl CsvFile {
    pub fn create(path: &Path, header: &str) -> Result<CsvFile> {
        let file = BufWriter::with_capacity(WRITE_BUFFER, File::create(path)?);
        let output = match path.extension().is_some_and(|e| e == "zst") {
            true => Output::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL)?),
            false => Output::Plain(file),
        };
        let mut csv = CsvFile { output };
        csv.line(format_args!("{header}"))?;
        Ok(csv)
    }

    /// Writes one row. The caller has passed every field that may hold a comma or a quote through [`field`].
    pub fn line(&mut self, line: Arguments<'_>) -> Result<()> {
        match &mut self.output {
            Output::Plain(file) => writeln!(file, "{line}"),
            Output::Zstd(file) => writeln!(file, "{line}"),
        }
    }

    /// Ends the compression and hands all bytes to the operating system.
    pub fn finish(self) -> Result<()> {
        let mut file = match self.output {
            Output::Plain(file) => file,
            Output::Zstd(encoder) => encoder.finish()?,
        };
        file.flush()
    }
}

/// A text as a CSV field: as it is, or in quotes when it holds a comma, a quote or a line end (`a,b` becomes `"a,b"`).
pub fn field(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}
