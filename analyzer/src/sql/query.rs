//! What is asked of SQL, what it answers, and why a query has no answer.
//!
//! These types belong to no protocol: HTTP turns its JSON into a [`SqlQuery`] and a [`SqlAnswer`] into JSON, CSV or Arrow,
//! and any further protocol does the same at its own edge.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use std::time::Duration;

/// Whatever answers queries: the engine over the hot window, or a test.
#[async_trait]
pub trait Sql: Send + Sync {
    /// Answers one query, whole, within its timeout.
    async fn query(&self, query: SqlQuery) -> Result<SqlAnswer, SqlError>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct SqlQuery {
    pub sql: String,
    /// Bound to `$1`, `$2`, … in this order.
    pub params: Vec<SqlParam>,
    pub timeout: Duration,
    /// The answer is cut after this many rows.
    pub max_rows: usize,
}

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlParam {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Also whole numbers beyond 64 bits; `None` where a number has no value as a double.
    Number(Option<f64>),
    Text(String),
}

#[derive(Clone, Debug)]
pub struct SqlAnswer {
    /// A field's unit stands in its metadata under `unit`.
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// True when there were more rows than asked for.
    pub truncated: bool,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SqlError {
    /// The text is wrong. Line and column count from 1.
    #[error("{message}")]
    Invalid { message: String, hint: Option<String>, line: Option<u64>, column: Option<u64> },
    #[error("{0}: weft's SQL only reads")]
    NotReadOnly(String),
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    #[error("the answer needs more memory than a query may have: {0}")]
    Memory(String),
    #[error("{0} queries are under way already")]
    Busy(usize),
    /// A fault of weft's or of a library's, which took this query with it and nothing else.
    #[error("the query made its own thread fail: {0}")]
    Panicked(String),
    #[error("{0}")]
    Internal(String),
}

impl SqlError {
    /// A refusal of weft's own: what is wrong, and what to write instead. Without a place in the text.
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> SqlError {
        SqlError::Invalid { message: message.into(), hint: Some(hint.into()), line: None, column: None }
    }
}
