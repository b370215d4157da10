//! The span of time, the device and the port that a query's filters ask for, so that a scan skips whole batches of other
//! times and the rows of other ports.
//!
//! Only the plain forms are understood (`ts_ns >= 5 and device = 'n0'`). A filter that is not understood narrows nothing, and
//! DataFusion checks every filter again on the rows that are left.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeAndPlace {
    /// Inclusive.
    pub from_ns: Option<i64>,
    pub to_ns: Option<i64>,
    pub device: Option<String>,
    pub port: Option<String>,
}

impl TimeAndPlace {
    pub fn of(filters: &[Expr]) -> TimeAndPlace {
        let mut wanted = TimeAndPlace::default();
        filters.iter().for_each(|f| wanted.narrow(f));
        wanted
    }

    /// Whether a filter says something that is understood here.
    pub fn understands(filter: &Expr) -> bool {
        TimeAndPlace::of(std::slice::from_ref(filter)) != TimeAndPlace::default()
    }

    pub fn holds_time(&self, min_ns: i64, max_ns: i64) -> bool {
        self.from_ns.is_none_or(|from| max_ns >= from) && self.to_ns.is_none_or(|to| min_ns <= to)
    }

    fn narrow(&mut self, filter: &Expr) {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return self.narrow_between(filter) };
        if *op == Operator::And {
            self.narrow(left);
            return self.narrow(right);
        }
        let (column, op, literal) = match (bare(left), bare(right)) {
            (Expr::Column(c), Expr::Literal(v, _)) => (c.name.as_str(), *op, v),
            (Expr::Literal(v, _), Expr::Column(c)) => match op.swap() {
                Some(op) => (c.name.as_str(), op, v),
                None => return,
            },
            _ => return,
        };
        self.take(column, op, literal);
    }

    fn narrow_between(&mut self, filter: &Expr) {
        let Expr::Between(between) = filter else { return };
        let (Expr::Column(column), false) = (bare(&between.expr), between.negated) else { return };
        if let (Expr::Literal(low, _), Expr::Literal(high, _)) = (bare(&between.low), bare(&between.high)) {
            self.take(&column.name, Operator::GtEq, low);
            self.take(&column.name, Operator::LtEq, high);
        }
    }

    fn take(&mut self, column: &str, op: Operator, literal: &ScalarValue) {
        match (column, op) {
            ("device", Operator::Eq) => self.device = text(literal),
            ("port", Operator::Eq) => self.port = text(literal),
            ("ts" | "ts_ns", _) => self.take_time(op, nanoseconds(column, literal)),
            _ => {}
        }
    }

    /// `ts` counts whole microseconds, so a bound on it is widened by one.
    fn take_time(&mut self, op: Operator, ns: Option<i64>) {
        let Some(ns) = ns else { return };
        if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
            let from = ns.saturating_sub(1_000);
            self.from_ns = Some(self.from_ns.map_or(from, |old| old.max(from)));
        }
        if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
            let to = ns.saturating_add(1_000);
            self.to_ns = Some(self.to_ns.map_or(to, |old| old.min(to)));
        }
    }
}

/// Without casts around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => bare(&cast.expr),
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

fn text(literal: &ScalarValue) -> Option<String> {
    match literal {
        ScalarValue::Dictionary(_, inner) => text(inner),
        other => other.try_as_str().flatten().map(str::to_owned),
    }
}

fn nanoseconds(column: &str, literal: &ScalarValue) -> Option<i64> {
    match literal {
        ScalarValue::Int64(value) if column == "ts_ns" => *value,
        ScalarValue::TimestampSecond(value, _) => value.and_then(|v| v.checked_mul(1_000_000_000)),
        ScalarValue::TimestampMillisecond(value, _) => value.and_then(|v| v.checked_mul(1_000_000)),
        ScalarValue::TimestampMicrosecond(value, _) => value.and_then(|v| v.checked_mul(1_000)),
        ScalarValue::TimestampNanosecond(value, _) => *value,
        _ => None,
    }
}
