//! Which rows show a fact. A description only: whoever keeps the rows writes the query in a language of its own.

use super::Shown;
use serde::{Deserialize, Serialize};

/// Rows of one table, and what of them matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    pub table: String,
    /// Empty: all columns.
    pub columns: Vec<String>,
    /// Each of these columns must hold this text.
    pub only: Vec<(String, String)>,
    /// The column by which the rows are put in order, if any.
    pub order_by: Option<String>,
}

impl Query {
    /// Counters over time of the port that shows a fact, or of all ports of its device when no port is named.
    pub fn of_port(shown: &Shown<'_>, counters: &[&str]) -> Query {
        let mut query = Query::of_device(shown, shown.table, counters);
        query.columns.insert(1, "port".to_owned());
        if !shown.at.port.is_empty() {
            query.only.push(("port".to_owned(), shown.at.port.clone()));
        }
        query
    }

    /// Counters over time of a GPU, or a link between GPUs.
    pub fn of_inside(shown: &Shown<'_>, table: &str, counters: &[&str]) -> Query {
        let mut query = Query::of_device(shown, table, counters);
        query.columns.insert(1, "port".to_owned());
        if !shown.at.port.is_empty() {
            query.only.push(("port".to_owned(), shown.at.port.clone()));
        }
        query
    }

    /// What was said of a job, which no port shows.
    pub fn of_job(shown: &Shown<'_>) -> Query {
        Query {
            table: "fact".to_owned(),
            columns: ["ts", "kind", "device", "port", "value", "unit", "reference"].map(str::to_owned).to_vec(),
            only: vec![("job".to_owned(), shown.job.unwrap_or_default().to_owned())],
            order_by: Some("ts".to_owned()),
        }
    }

    /// Columns over time of a table that speaks of the device as a whole, or of each of its GPUs.
    pub fn of_device(shown: &Shown<'_>, table: &str, columns: &[&str]) -> Query {
        Query {
            table: table.to_owned(),
            columns: ["ts"].iter().chain(columns).map(|column| (*column).to_owned()).collect(),
            only: vec![("device".to_owned(), shown.at.device.clone())],
            order_by: Some("ts_ns".to_owned()),
        }
    }
}
