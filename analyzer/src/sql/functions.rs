//! What clients ask of a server before anything else, and functions that other engines have under other names.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// Each answers one and the same text.
const CONSTANTS: [(&str, &str); 7] = [
    ("version", concat!("weft ", env!("CARGO_PKG_VERSION"), " (SQL by Apache DataFusion)")),
    ("current_database", "weft"),
    ("current_catalog", "weft"),
    ("current_schema", "public"),
    ("current_user", "anyone"),
    ("session_user", "anyone"),
    ("user", "anyone"),
];

pub fn register(context: &SessionContext) {
    for (name, text) in CONSTANTS {
        let answer = move |_: &[ColumnarValue]| Ok(ColumnarValue::Scalar(ScalarValue::from(text)));
        context.register_udf(create_udf(name, Vec::new(), DataType::Utf8, Volatility::Immutable, Arc::new(answer)));
    }
}

/// Functions of other engines, and what to write here.
const ELSEWHERE: [(&str, &str); 21] = [
    ("countif", "count(*) FILTER (WHERE …)"),
    ("curdate", "current_date()"),
    ("date_add", "ts + INTERVAL '5 minutes'"),
    ("date_format", "to_char(ts, '%H:%M')"),
    ("date_sub", "ts - INTERVAL '5 minutes'"),
    ("dateadd", "ts + INTERVAL '5 minutes'"),
    ("datediff", "extract(epoch from b) - extract(epoch from a)"),
    ("getdate", "now()"),
    ("group_concat", "string_agg(name, ',')"),
    ("if", "CASE WHEN a THEN b ELSE c END"),
    ("iif", "CASE WHEN a THEN b ELSE c END"),
    ("isnull", "coalesce(a, b)"),
    ("len", "length(name)"),
    ("percentile", "percentile_cont(0.99) WITHIN GROUP (ORDER BY x)"),
    ("quantile", "percentile_cont(0.99) WITHIN GROUP (ORDER BY x)"),
    ("strftime", "to_char(ts, '%H:%M')"),
    ("sysdate", "now()"),
    ("time_bucket", "date_bin(INTERVAL '10 seconds', ts)"),
    ("toDateTime", "to_timestamp(seconds)"),
    ("tointerval", "INTERVAL '5 minutes'"),
    ("unix_timestamp", "extract(epoch from ts)"),
];

pub fn instead_of(function: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(name, _)| name.eq_ignore_ascii_case(function)).map(|(_, write)| *write)
}

/// Of all that a query may call, but for those that are left out.
pub fn names() -> Vec<String> {
    let scalars = datafusion::functions::all_default_functions();
    let aggregates = datafusion::functions_aggregate::all_default_aggregate_functions();
    let scalars = scalars.iter().map(|function| function.name().to_owned());
    scalars.chain(aggregates.iter().map(|function| function.name().to_owned())).collect()
}
