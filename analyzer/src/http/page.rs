//! Lists in pages: `{items,next}`; `next` is given back as `after`.

use super::ApiError;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

const DEFAULT_LIMIT: usize = 100;
/// Beyond this an answer is too large to be read; SQL is for that.
const MAX_LIMIT: usize = 10_000;

/// How much of a list, from where.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paging {
    pub limit: Option<usize>,
    pub after: Option<String>,
}

pub fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
}

/// A page of a list that stands still: `after` is how many items came before.
pub fn by_count<T>(items: Vec<T>, asked: Option<usize>, after: Option<&str>) -> Result<Page<T>, ApiError> {
    let skip: usize = match after {
        None => 0,
        Some(text) => {
            text.parse().map_err(|_| ApiError::bad_request(format!("after={text:?} is no page of this list")))?
        }
    };
    let (total, limit) = (items.len(), limit(asked));
    let items: Vec<T> = items.into_iter().skip(skip).take(limit).collect();
    let end = skip.saturating_add(items.len());
    Ok(Page { items, next: (end < total).then(|| end.to_string()) })
}
