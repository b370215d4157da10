//! Text to one statement that is safe to plan.
//!
//! ```text
//! text ─► length, marks ─► tokens ─► bounds, first word ─► parser (levels, budget) ─► balance ─► complexity ─► rewrite
//!                                                                                                          └─► statement
//! ```

use super::balance::Balance;
use super::bounds::{self, PARSER_LEVELS};
use super::complexity::Complexity;
use super::dialect::WeftDialect;
use super::error::explain;
use super::query::SqlError;
use super::rewrite::Rewrite;
use super::{first_word, text};
use datafusion::common::DataFusionError;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{self, Visit, VisitMut};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use std::ops::ControlFlow;

pub fn parse(sql: &str) -> Result<Statement, SqlError> {
    bounds::check_length(sql)?;
    let sql = text::clean(sql)?;
    let mut tokens = tokens(&sql)?;
    bounds::check(&tokens)?;
    if let Some(instead) = first_word::check(&tokens)? {
        tokens = self::tokens(instead)?;
    }
    let mut statement = read(tokens, &sql)?;
    if let Some(inner) = inner(&mut statement) {
        continued(VisitMut::visit(inner, &mut Balance::default()))?;
        continued(Visit::visit(inner, &mut Complexity::default()))?;
        continued(VisitMut::visit(inner, &mut Rewrite))?;
    }
    Ok(statement)
}

/// `&&` is read as AND.
fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let tokens = Tokenizer::new(&WeftDialect::for_tokens(0), sql).tokenize_with_location();
    let mut tokens = tokens.map_err(|error| explain(&DataFusionError::from(ParserError::from(error)), sql))?;
    let ands = tokens.iter_mut().filter(|t| t.token == Token::Overlap);
    ands.for_each(|t| t.token = Token::make_keyword("AND"));
    Ok(tokens)
}

fn read(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Statement, SqlError> {
    let dialect = WeftDialect::for_tokens(tokens.len());
    let parser = DFParserBuilder::new(tokens).with_dialect(&dialect).with_recursion_limit(PARSER_LEVELS).build();
    let mut parsed = parser.and_then(|mut parser| parser.parse_statements());
    match &mut parsed {
        // `first_word` lets exactly one statement through.
        Ok(statements) => {
            statements.pop_front().ok_or_else(|| SqlError::invalid("there is no query", "write SELECT … FROM …"))
        }
        Err(_) if dialect.is_spent() => Err(SqlError::invalid(
            "the query cannot be read: there is an error deep inside its brackets",
            "look for a missing bracket, comma or AS; try the inner parts by themselves",
        )),
        Err(error) if is_too_deep(error) => Err(SqlError::invalid(
            format!("the query nests deeper than {PARSER_LEVELS} levels"),
            "name the inner queries: WITH a AS (SELECT …) SELECT … FROM a",
        )),
        Err(error) => Err(explain(error, sql)),
    }
}

fn is_too_deep(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::SQL(error, _) if matches!(**error, ParserError::RecursionLimitExceeded))
}

/// The part that can nest. What has none is refused by the plan's own check: it writes.
fn inner(statement: &mut Statement) -> Option<&mut ast::Statement> {
    match statement {
        Statement::Statement(inner) => Some(inner),
        Statement::Explain(explain) => match &mut *explain.statement {
            Statement::Statement(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

fn continued(walked: ControlFlow<Box<SqlError>>) -> Result<(), SqlError> {
    match walked {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refused) => Err(*refused),
    }
}
