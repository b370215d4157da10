//! Long chains made shallow: `a OR b OR c OR d` is read as `((a OR b) OR c) OR d`, as deep as it is long, and means the
//! same as `(a OR b) OR (c OR d)`, which is as deep as the logarithm of its length. So a script may join some thousand
//! names by OR, or some hundred queries by UNION ALL.

use super::complexity;
use super::query::SqlError;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Query, SetExpr, SetOperator, SetQuantifier, Values, VisitorMut,
};
use std::ops::ControlFlow;

/// Chains up to here are left as they are, so that EXPLAIN shows what was written.
const SHORT: usize = 16;
/// Conditions joined by AND or by OR in one chain. The optimizer may line up what was balanced here, so the length of a
/// chain is a depth after all.
pub const MOST_JOINED: usize = 3_000;
/// Queries joined by UNION in one chain. Each is planned and runs on its own.
pub const MOST_UNITED: usize = 400;
/// Changes between UNION, UNION ALL, EXCEPT and INTERSECT in one chain: these cannot be balanced.
const MOST_MIXED: usize = 50;

#[derive(Default)]
pub struct Balance {
    level: usize,
}

impl VisitorMut for Balance {
    /// Boxed: the walk keeps one of these a level.
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        match balance_set(&mut query.body, 0) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } = expr else {
            return self.enter();
        };
        let op = op.clone();
        if links(expr, &op) <= SHORT {
            return self.enter();
        }
        let parts = conditions(take(expr), &op);
        let count = parts.len();
        *expr = pair_up(parts, |left, right| Expr::BinaryOp {
            left: Box::new(left),
            op: op.clone(),
            right: Box::new(right),
        });
        if count <= MOST_JOINED {
            return self.enter();
        }
        ControlFlow::Break(Box::new(SqlError::invalid(
            format!("{count} conditions are joined by {op}; at most {MOST_JOINED} may be"),
            "write name IN ('a', 'b', …) instead of name = 'a' OR name = 'b' …",
        )))
    }

    fn post_visit_expr(&mut self, _: &mut Expr) -> ControlFlow<Self::Break> {
        self.level = self.level.saturating_sub(1);
        ControlFlow::Continue(())
    }
}

impl Balance {
    /// The walk itself goes no deeper than a query may be.
    fn enter(&mut self) -> ControlFlow<Box<SqlError>> {
        self.level += 1;
        complexity::check_levels(self.level)
    }
}

/// How far a chain goes on to the left, where the parser lets it grow.
fn links(mut expr: &Expr, op: &BinaryOperator) -> usize {
    let mut count = 0;
    while let Expr::BinaryOp { left, op: this, .. } = expr
        && this == op
    {
        (expr, count) = (left, count + 1);
    }
    count
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::Identifier(Ident::new("")))
}

/// In the order of the text; without recursion, however long the chain is.
fn conditions(expr: Expr, op: &BinaryOperator) -> Vec<Expr> {
    let (mut parts, mut open) = (Vec::new(), vec![expr]);
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryOp { left, op: this, right } if this == *op => open.extend([*right, *left]),
            other => parts.push(other),
        }
    }
    parts
}

/// Joins neighbours until one is left. `parts` is never empty.
fn pair_up<T>(mut parts: Vec<T>, join: impl Fn(T, T) -> T) -> T {
    while parts.len() > 1 {
        let mut rest = parts.into_iter();
        let mut joined = Vec::new();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        parts = joined;
    }
    parts.swap_remove(0)
}

fn balance_set(body: &mut SetExpr, depth: usize) -> Result<(), Box<SqlError>> {
    let SetExpr::SetOperation { op, set_quantifier, .. } = body else { return Ok(()) };
    let (op, quantifier) = (*op, *set_quantifier);
    let nothing = SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows: Vec::new() });
    let mut parts = queries(std::mem::replace(body, nothing), op, quantifier);
    let too_many = match () {
        () if parts.len() > MOST_UNITED => Some((format!("{} queries are joined by {op}", parts.len()), MOST_UNITED)),
        () if depth > MOST_MIXED => Some((format!("set operations follow each other {depth} deep"), MOST_MIXED)),
        () => None,
    };
    if let Some((message, most)) = too_many {
        let hint = "ask for all rows at once: WHERE name IN ('a', 'b', …), or GROUP BY";
        return Err(Box::new(SqlError::invalid(format!("{message}; at most {most} may be"), hint)));
    }
    for part in &mut parts {
        balance_set(part, depth + 1)?;
    }
    *body = pair_up(parts, |left, right| {
        let (left, right) = (Box::new(left), Box::new(right));
        SetExpr::SetOperation { left, op, set_quantifier: quantifier, right }
    });
    Ok(())
}

/// What a run of one and the same UNION joins; of any other operation, its two sides.
fn queries(body: SetExpr, op: SetOperator, quantifier: SetQuantifier) -> Vec<SetExpr> {
    let associates = op == SetOperator::Union
        && matches!(quantifier, SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None);
    let (mut right_to_left, mut rest) = (Vec::new(), body);
    loop {
        match rest {
            SetExpr::SetOperation { left, op: this, set_quantifier, right }
                if this == op && set_quantifier == quantifier && (associates || right_to_left.is_empty()) =>
            {
                right_to_left.push(*right);
                rest = *left;
            }
            other => {
                right_to_left.push(other);
                right_to_left.reverse();
                return right_to_left;
            }
        }
    }
}
