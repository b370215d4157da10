//! The query that shows a fact, as SQL over weft's own tables. Kinds of fact only describe which rows show them.

use weft_judge::kinds::Query;

/// `SELECT ts, port, link_up FROM nic WHERE device = 'h1' AND port = 'eth0' ORDER BY ts_ns`
pub fn write_query(query: &Query) -> String {
    let Query { table, columns, only, order_by } = query;
    let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
    let only: Vec<String> = only.iter().map(|(column, text)| format!("{column} = '{}'", quoted(text))).collect();
    let only = if only.is_empty() { String::new() } else { format!(" WHERE {}", only.join(" AND ")) };
    let order = order_by.as_ref().map_or_else(String::new, |column| format!(" ORDER BY {column}"));
    format!("SELECT {columns} FROM {table}{only}{order}")
}

/// Names come from the data: a quote in one of them must not end the text.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_becomes_one_query_and_names_stay_names() {
        let of = |columns: &[&str], only: &[(&str, &str)], order_by: Option<&str>| {
            let query = Query {
                table: "nic".into(),
                columns: columns.iter().map(|column| (*column).to_owned()).collect(),
                only: only.iter().map(|(column, text)| ((*column).to_owned(), (*text).to_owned())).collect(),
                order_by: order_by.map(str::to_owned),
            };
            write_query(&query)
        };
        assert_eq!(
            of(&["ts", "port", "link_up"], &[("device", "h1"), ("port", "eth0")], Some("ts_ns")),
            "SELECT ts, port, link_up FROM nic WHERE device = 'h1' AND port = 'eth0' ORDER BY ts_ns"
        );
        assert_eq!(of(&[], &[("collector", "o'hara")], None), "SELECT * FROM nic WHERE collector = 'o''hara'");
    }
}
