//! The values of `$1`, `$2`, … as DataFusion binds them.

use super::query::SqlParam;
use datafusion::common::{ParamValues, ScalarValue};

pub fn values(params: &[SqlParam]) -> ParamValues {
    ParamValues::from(params.iter().map(scalar).collect::<Vec<_>>())
}

fn scalar(param: &SqlParam) -> ScalarValue {
    match param {
        SqlParam::Null => ScalarValue::Null,
        SqlParam::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        SqlParam::Integer(value) => ScalarValue::Int64(Some(*value)),
        SqlParam::Number(value) => ScalarValue::Float64(*value),
        SqlParam::Text(value) => ScalarValue::Utf8(Some(value.clone())),
    }
}
