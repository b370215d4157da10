//! Queries that go deep, long or round: each shape at any size.

/// Levels or links.
pub const SIZES: [usize; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Just under one bound or another, where an accepted query is deepest.
pub const EDGES: [usize; 3] = [63, 395, 2_990];

pub type Shape = (&'static str, fn(usize) -> String);

pub const SHAPES: &[Shape] = &[
    ("AND", |n| format!("SELECT count(*) FROM port WHERE {}", vec!["device <> 'n7'"; n].join(" AND "))),
    ("AND of names", |n| {
        format!("SELECT count(*) FROM port WHERE {}", each(n, " AND ", |i| format!("device <> 'n{i}'")))
    }),
    ("OR", |n| format!("SELECT count(*) FROM port WHERE {}", each(n, " OR ", |i| format!("device = 'n{i}'")))),
    ("OR of sums", |n| {
        format!("SELECT count(*) FROM port WHERE {}", each(n, " OR ", |i| format!("epoch + {i} = {i}")))
    }),
    ("NOT", |n| format!("SELECT {}true", "NOT ".repeat(n))),
    ("minus", |n| format!("SELECT {}1", "- ".repeat(n))),
    ("CASE in ELSE", |n| format!("SELECT {}1{}", "CASE WHEN 1=2 THEN 0 ELSE ".repeat(n), " END".repeat(n))),
    ("CASE in WHEN", |n| format!("SELECT {}true{}", "CASE WHEN ".repeat(n), " THEN true END".repeat(n))),
    ("IN", |n| format!("SELECT count(*) FROM port WHERE device IN ({})", each(n, ",", |i| format!("'n{i}'")))),
    ("IN of IN", |n| format!("SELECT 1{}", " IN (1) = true".repeat(n))),
    ("+", |n| format!("SELECT {}1", "1+".repeat(n))),
    ("+ of a column", |n| format!("SELECT {}1 FROM port", "epoch+".repeat(n))),
    ("||", |n| format!("SELECT {}'x'", "'x' || ".repeat(n))),
    ("::", |n| format!("SELECT 1{}", "::int".repeat(n))),
    ("IS NULL", |n| format!("SELECT 1{}", " IS NULL".repeat(n))),
    ("subqueries", |n| format!("{}SELECT 1 AS a{}", "SELECT a FROM (".repeat(n), each(n, "", |i| format!(") t{i}")))),
    ("scalar subqueries", |n| format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n))),
    ("EXISTS", |n| {
        format!("SELECT 1 FROM port WHERE {}true{}", "EXISTS (SELECT 1 FROM port WHERE ".repeat(n), ")".repeat(n))
    }),
    ("IN (SELECT", |n| {
        format!(
            "SELECT 1 FROM port WHERE {}true{}",
            "device IN (SELECT device FROM port WHERE ".repeat(n),
            ")".repeat(n)
        )
    }),
    ("LATERAL", |n| format!("SELECT 1 FROM port{}", each(n, "", |i| format!(", LATERAL (SELECT port.device) l{i}")))),
    ("UNION ALL", |n| each(n, " UNION ALL ", |i| format!("SELECT {i} AS a"))),
    ("UNION ALL of a table", |n| each(n, " UNION ALL ", |_| "SELECT device FROM nic".to_owned())),
    ("UNION", |n| each(n, " UNION ", |i| format!("SELECT {i} AS a"))),
    ("EXCEPT", |n| each(n, " EXCEPT ", |i| format!("SELECT {i} AS a"))),
    ("UNION, UNION ALL", |n| format!("SELECT 1{}", " UNION SELECT 2 UNION ALL SELECT 3".repeat(n))),
    ("parentheses", |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n))),
    ("parentheses never closed", |n| format!("SELECT {}1", "(".repeat(n))),
    ("parentheses round a query", |n| format!("{}SELECT 1{}", "(".repeat(n), ")".repeat(n))),
    ("parentheses round a table", |n| format!("SELECT 1 FROM {}port{}", "(".repeat(n), ")".repeat(n))),
    ("arrays", |n| format!("SELECT {}1{}", "[".repeat(n), "]".repeat(n))),
    ("subscripts", |n| format!("SELECT [1]{}", "[1]".repeat(n))),
    ("structs", |n| format!("SELECT {}1{}", "{'a': ".repeat(n), "}".repeat(n))),
    ("functions", |n| format!("SELECT {}1{}", "abs(".repeat(n), ")".repeat(n))),
    ("functions without an end", |n| format!("SELECT {}1", "abs(".repeat(n))),
    ("CAST with an error inside", |n| format!("SELECT {}1 oops 2{}", "CAST(".repeat(n), " AS int)".repeat(n))),
    ("CASE( with an error inside", |n| format!("SELECT {}1 oops 2{}", "CASE(".repeat(n), ")".repeat(n))),
    ("ceil with an error inside", |n| format!("SELECT {}1 oops 2{}", "ceil(".repeat(n), ")".repeat(n))),
    ("INTERVAL(", |n| format!("SELECT {}1 oops 2{}", "INTERVAL(".repeat(n), ")".repeat(n))),
    ("INTERVAL", |n| format!("SELECT {}'1'", "INTERVAL ".repeat(n))),
    ("array types", |n| format!("SELECT CAST(null AS {}int{})", "array<".repeat(n), ">".repeat(n))),
    ("brackets after a type", |n| format!("SELECT CAST(null AS int{})", "[]".repeat(n))),
    ("EXPLAIN", |n| format!("{}SELECT 1", "EXPLAIN ".repeat(n))),
    ("PREPARE", |n| format!("{}SELECT 1", "PREPARE a AS ".repeat(n))),
    ("joins", |n| {
        format!(
            "SELECT count(*) FROM port p0{}",
            each(n, "", |i| format!(" JOIN port q{i} ON q{i}.device = p0.device"))
        )
    }),
    ("tables side by side", |n| format!("SELECT 1 FROM {}", each(n, ",", |i| format!("cable c{i}")))),
    ("named queries in a row", |n| {
        format!(
            "WITH t0 AS (SELECT 1 AS a){} SELECT a FROM t{n}",
            each(n, "", |i| format!(", t{} AS (SELECT a FROM t{i})", i + 1))
        )
    }),
    ("named queries that double", |n| {
        format!(
            "WITH t0 AS (SELECT 1 AS a){} SELECT count(*) FROM t{n}",
            each(n, "", |i| format!(", t{} AS (SELECT x.a FROM t{i} x, t{i} y)", i + 1))
        )
    }),
    ("|> steps", |n| format!("SELECT * FROM port{}", " |> WHERE epoch > 0".repeat(n))),
    ("columns", |n| format!("SELECT {} FROM nic", each(n, ",", |i| format!("rx_bytes + {i} AS c{i}")))),
    ("ORDER BY", |n| format!("SELECT device FROM port ORDER BY {}", each(n, ",", |i| format!("epoch + {i}")))),
    ("GROUP BY", |n| format!("SELECT count(*) FROM port GROUP BY {}", each(n, ",", |i| format!("epoch + {i}")))),
    ("ROLLUP", |n| format!("SELECT count(*) FROM port GROUP BY ROLLUP ({})", each(n, ",", |i| format!("epoch + {i}")))),
    ("CUBEs of one", |n| {
        format!("SELECT count(*) FROM port GROUP BY {}", each(n, ",", |i| format!("CUBE (epoch + {i})")))
    }),
    ("CUBE", |n| format!("SELECT count(*) FROM port GROUP BY CUBE ({})", each(n, ",", |i| format!("epoch + {i}")))),
    ("PARTITION BY", |n| {
        format!("SELECT count(*) OVER (PARTITION BY {}) FROM nic", each(n, ",", |i| format!("rx_bytes + {i}")))
    }),
    ("WHEN", |n| format!("SELECT CASE {} END FROM port", each(n, " ", |i| format!("WHEN epoch = {i} THEN {i}")))),
    ("arguments", |n| format!("SELECT concat({}) FROM port", each(n, ",", |i| format!("device, {i}")))),
    ("elements", |n| format!("SELECT [{}] FROM port", each(n, ",", |i| format!("epoch + {i}")))),
    ("subqueries side by side", |n| {
        format!("SELECT {}", each(n, ",", |i| format!("(SELECT max(epoch) FROM port WHERE epoch = {i})")))
    }),
    ("BETWEEN", |n| {
        format!("SELECT 1 FROM nic WHERE {}", each(n, " OR ", |i| format!("ts_ns BETWEEN {i} AND {}", i + 9)))
    }),
    ("VALUES", |n| format!("SELECT count(*) FROM (VALUES {}) v", each(n, ",", |i| format!("({i})")))),
    ("windows", |n| {
        format!("SELECT {} FROM nic", each(n, ",", |i| format!("lag(rx_bytes, {i}) OVER (ORDER BY ts_ns)")))
    }),
    ("a long text", |n| format!("SELECT length('{}')", "x".repeat(n))),
    ("a long number", |n| format!("SELECT {}", "9".repeat(n))),
    ("a long name", |n| format!("SELECT {} FROM port", "x".repeat(n))),
    ("names of names", |n| format!("SELECT a{} FROM port", ".a".repeat(n))),
    ("LIKE", |n| format!("SELECT count(*) FROM port WHERE device LIKE '{}'", "%a".repeat(n))),
    ("a regex of brackets", |n| {
        format!("SELECT count(*) FROM port WHERE device ~ '{}a{}'", "(".repeat(n), ")*".repeat(n))
    }),
    ("a regex of repeats", |n| format!("SELECT count(*) FROM port WHERE device ~ 'a{}'", "{1,9}".repeat(n))),
    ("comments in comments", |n| format!("SELECT 1 {}{}", "/*".repeat(n), "*/".repeat(n))),
    ("semicolons", |n| format!("SELECT 1{}", ";".repeat(n))),
    ("EXPLAIN of OR", |n| {
        format!("EXPLAIN SELECT 1 FROM port WHERE {}", each(n, " OR ", |i| format!("device LIKE '%{i}'")))
    }),
];

/// These have one size, and never end by themselves or make much of little.
pub const SINGLE: &[(&str, &str)] = &[
    (
        "a recursion without end",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    ),
    (
        "a cross join without end",
        "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a.value <> b.value",
    ),
    (
        "a sort of much",
        "SELECT a.value FROM generate_series(1, 1000000) a, generate_series(1, 1000) b ORDER BY a.value * b.value",
    ),
    ("one text as long as asked", "SELECT repeat('x', 2000000000)"),
    ("a null byte", "SELECT '\0' \0"),
    ("half a text", "SELECT 'never closed"),
    ("half a comment", "SELECT 1 /* never closed"),
];

fn each(n: usize, between: &str, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect::<Vec<_>>().join(between)
}
