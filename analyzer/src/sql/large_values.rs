//! Functions and casts whose result is as large as the query says, such as `repeat('x', 1000000000)`: weft leaves them out.
//!
//! DataFusion does not count such values in its memory pool, so that one short query could take all memory of the process.

use super::query::SqlError;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;

/// By name; their aliases go with them. The tables `range` and `generate_series` stay: they come batch by batch.
const SCALARS: [&str; 9] = [
    "array_repeat",
    "array_resize",
    "arrow_cast",
    "arrow_try_cast",
    "generate_series",
    "lpad",
    "range",
    "repeat",
    "rpad",
];
/// Their last argument is a number of centroids to make room for.
const AGGREGATES: [&str; 2] = ["approx_percentile_cont", "approx_percentile_cont_with_weight"];
/// Aliases, for the hint.
const ALIASES: [&str; 2] = ["list_repeat", "list_resize"];

/// Elements of a list type that a query may name; weft's own have at most a few dozen.
const MOST_ELEMENTS: i32 = 1024;

pub fn leave_out(context: &SessionContext) {
    SCALARS.iter().for_each(|name| context.deregister_udf(name));
    AGGREGATES.iter().for_each(|name| context.deregister_udaf(name));
}

/// Why a function is not there, when that is why.
pub fn hint(function: &str) -> Option<String> {
    let mut left_out = SCALARS.iter().chain(&AGGREGATES).chain(&ALIASES);
    left_out.any(|name| function.eq_ignore_ascii_case(name)).then(|| {
        let instead = match function.to_ascii_lowercase().as_str() {
            "range" | "generate_series" => "; as a table (FROM generate_series(1, 10)) it is there",
            name if name.starts_with("approx") => "; use percentile_cont or approx_median",
            _ => "",
        };
        format!("weft's SQL has no {function}: it makes room for as much as it is told to{instead}")
    })
}

/// Refuses casts to lists of a size that only the query names.
pub fn check(plan: &LogicalPlan) -> Result<(), SqlError> {
    let mut refused = None;
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                let cast = match expr {
                    Expr::Cast(cast) => Some(cast.field.data_type()),
                    Expr::TryCast(cast) => Some(cast.field.data_type()),
                    _ => None,
                };
                refused = cast.filter(|to| is_large(to)).map(ToString::to_string).or(refused.take());
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.map_err(|e| SqlError::Internal(e.to_string()))?;
    match refused {
        Some(to) => Err(SqlError::invalid(
            format!("a value cannot be cast to {to}"),
            format!("a list of a fixed size has at most {MOST_ELEMENTS} elements"),
        )),
        None => Ok(()),
    }
}

fn is_large(to: &DataType) -> bool {
    match to {
        DataType::FixedSizeBinary(size) => *size > MOST_ELEMENTS,
        DataType::FixedSizeList(of, size) => *size > MOST_ELEMENTS || is_large(of.data_type()),
        DataType::List(of) | DataType::LargeList(of) => is_large(of.data_type()),
        _ => false,
    }
}
