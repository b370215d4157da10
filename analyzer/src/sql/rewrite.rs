//! Other engines' ways to say what weft's SQL says otherwise: `SELECT TOP 10 …`, `FETCH FIRST 10 ROWS ONLY`,
//! `pg_catalog.version()`.

use super::query::SqlError;
use datafusion::sql::sqlparser::ast::{Expr, LimitClause, Query, SetExpr, TopQuantity, Value, VisitorMut};
use std::ops::ControlFlow;

pub struct Rewrite;

impl VisitorMut for Rewrite {
    /// Boxed: the walk keeps one of these a level.
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        match limited(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Function(function) = expr
            && let [schema, _] = function.name.0.as_slice()
            && schema.as_ident().is_some_and(|name| name.value.eq_ignore_ascii_case("pg_catalog"))
        {
            function.name.0.remove(0);
        }
        ControlFlow::Continue(())
    }
}

fn limited(query: &mut Query) -> Result<(), SqlError> {
    let top = match &mut *query.body {
        SetExpr::Select(select) => select.top.take(),
        _ => None,
    };
    let fetch = query.fetch.take();
    let partly = top.as_ref().is_some_and(|t| t.percent || t.with_ties)
        || fetch.as_ref().is_some_and(|f| f.percent || f.with_ties);
    let asked = match (top, fetch) {
        (None, None) => return Ok(()),
        (Some(top), _) => top.quantity.map(|quantity| match quantity {
            TopQuantity::Expr(count) => count,
            TopQuantity::Constant(count) => number(count),
        }),
        (None, Some(fetch)) => fetch.quantity.or_else(|| Some(number(1))),
    };
    let again =
        || SqlError::invalid("TOP and FETCH count rows only, and not beside LIMIT", "write LIMIT 10 at the end");
    match (&mut query.limit_clause, asked, partly) {
        (clause @ None, limit @ Some(_), false) => {
            *clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() });
        }
        (Some(LimitClause::LimitOffset { limit: limit @ None, .. }), asked @ Some(_), false) => *limit = asked,
        _ => return Err(again()),
    }
    Ok(())
}

fn number(count: u64) -> Expr {
    Expr::Value(Value::Number(count.to_string(), false).into())
}
