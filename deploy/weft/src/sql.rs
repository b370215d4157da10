//! `weft sql`: a query of a running analyzer, over its HTTP API.

use crate::api::{Api, UrlArgs};
use crate::table::{self, Answer};
use anyhow::{Context, Result};
use serde_json::json;
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  weft sql -c \"SELECT device, port, class, sentence FROM incident WHERE state = 'open'\"
  weft sql -f report.sql --output csv > report.csv
  weft sql -c \"SELECT * FROM nic WHERE device = $1\" --param '\"host-3\"'
  echo 'SHOW TABLES' | weft sql";

/// Ask a running analyzer in SQL
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The query
    #[arg(short = 'c', long = "command", value_name = "SQL", conflicts_with = "file")]
    command: Option<String>,
    /// A file with the query; - or nothing reads stdin
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// A JSON value for $1, $2, …; may be given again
    #[arg(long = "param", value_name = "JSON", value_parser = param)]
    params: Vec<serde_json::Value>,
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_rows: usize,
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    timeout_ms: u64,
    #[command(flatten)]
    at: UrlArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Table,
    /// An object a row, a line each
    Json,
    Csv,
    /// An Arrow IPC stream
    Arrow,
}

fn param(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}; write a JSON value, a text in quotes: '\"host-3\"'"))
}

pub async fn run(args: Args) -> Result<()> {
    let sql = args.query()?;
    let api = Api::new(&args.at)?;
    let body = json!({"sql": sql, "params": args.params, "max_rows": args.max_rows, "timeout_ms": args.timeout_ms});
    let request = api.client.post(api.url(&["sql"])?).header("accept", args.output.accept()).json(&body);
    let answer = api.send(request).await?;
    let truncated = answer.headers().get("weft-truncated").is_some_and(|value| value == "true");
    let bytes = answer.bytes().await.context("the answer broke off")?;
    let text = match args.output {
        Output::Table => table::render(&serde_json::from_slice::<Answer>(&bytes)?).into_bytes(),
        Output::Json => table::lines(&serde_json::from_slice::<Answer>(&bytes)?).into_bytes(),
        Output::Csv | Output::Arrow => bytes.to_vec(),
    };
    write(&text)?;
    if truncated {
        eprintln!("weft sql: there are more than {} rows; raise --max-rows", args.max_rows);
    }
    Ok(())
}

/// A reader that had enough (`| head`) is no failure.
fn write(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

impl Args {
    fn query(&self) -> Result<String> {
        if let Some(sql) = &self.command {
            return Ok(sql.clone());
        }
        match &self.file {
            Some(path) if path.as_os_str() != "-" => {
                std::fs::read_to_string(path).with_context(|| path.display().to_string())
            }
            _ => from_stdin(),
        }
    }
}

fn from_stdin() -> Result<String> {
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("weft sql: the query, then Ctrl-D (or give it by -c)");
    }
    let mut sql = String::new();
    stdin.read_to_string(&mut sql)?;
    Ok(sql)
}

impl Output {
    fn accept(self) -> &'static str {
        match self {
            Output::Table | Output::Json => "application/json",
            Output::Csv => "text/csv",
            Output::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}
