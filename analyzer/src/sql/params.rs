//! `$1`, `$2`, … of a query.

use crate::http::view::QueryError;
use datafusion::common::{ParamValues, ScalarValue};
use serde_json::Value;

pub fn values(params: &[Value]) -> Result<ParamValues, QueryError> {
    let scalars = params.iter().enumerate().map(|(n, value)| scalar(n + 1, value)).collect::<Result<Vec<_>, _>>()?;
    Ok(ParamValues::from(scalars))
}

fn scalar(number: usize, value: &Value) -> Result<ScalarValue, QueryError> {
    Ok(match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::String(value) => ScalarValue::Utf8(Some(value.clone())),
        Value::Number(value) => match value.as_i64() {
            Some(value) => ScalarValue::Int64(Some(value)),
            None => ScalarValue::Float64(value.as_f64()),
        },
        Value::Array(_) | Value::Object(_) => {
            return Err(QueryError::Invalid {
                message: format!("parameter ${number} is neither text, number, boolean nor null"),
                hint: Some("give one parameter a value".to_owned()),
                line: None,
                column: None,
            });
        }
    })
}
