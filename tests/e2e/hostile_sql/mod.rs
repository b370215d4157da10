//! No query ends the analyzer: shapes that go deep or long, at sizes from 1 to 10⁶.

mod corpus;
mod engine;
mod fabric;
mod service;
