//! SQL over the hot window and what was concluded from it: read-only, bounded in time, memory and rows.
//!
//! ```text
//! text ─► parse (bounds) ─► plan (queries only) ─► DataFusion over a snapshot of the store ─► batches, at most `max_rows`
//! ```
//! The engine owns the threads that all of this runs on. Their stacks have a known size, so that no text can end the
//! process: see `bounds`. Each query gets a context of its own, so that no query can leave anything behind for the next
//! one. Tables are made when a query names them.

mod balance;
mod bounds;
mod catalog;
#[cfg(test)]
mod client_tests;
mod column;
mod complexity;
mod cooperative;
mod dialect;
#[cfg(test)]
mod docs;
mod engine;
mod error;
mod evidence;
mod first_word;
mod functions;
mod hints;
mod large_values;
mod params;
mod parse;
mod query;
mod rewrite;
mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod threads;
mod time_and_place;
mod wide;

pub use engine::{SqlEngine, SqlLimits};
pub use evidence::write_query;
pub use query::{Sql, SqlAnswer, SqlError, SqlParam, SqlQuery};
pub use threads::STACK_BYTES;
