//! How other clients ask: harmless habits are answered, the rest is told what to write.

use super::tests::{query, store};
use super::*;
use arrow_array::RecordBatch;

async fn ask(sql: &str) -> Result<SqlAnswer, SqlError> {
    SqlEngine::new(store(), SqlLimits::default()).unwrap().query(query(sql)).await
}

#[tokio::test]
async fn harmless_habits_are_answered() {
    for sql in [
        "select count(*) from nic;",
        "select count(*) from nic ; -- done\n",
        ";;select count(*) from nic;;",
        "/* panel 4 */ select count(*) from nic",
        "-- a\r\nSelect Count(*)\r\nFrom Nic Where Device = 'n0'\r\n",
        "select count(*) from public.nic",
        "select count(*) from weft.public.nic",
        "select weft.public.nic.device from weft.public.nic",
        "\u{feff}select count(*) from nic",
        "select\u{a0}count(*)\u{2003}from\u{3000}nic\u{200b}",
        "(select 1)",
        "values (1), (2)",
        "from nic",
        "select `device` from `nic`",
        "select \"device\" as \"Device\" from \"nic\"",
        "select device from nic where device == 'n0' && port = 'eth0'",
        "select top 3 device from nic",
        "select top (3) device from nic order by 1",
        "select device from nic order by 1 limit 3;",
        "select device from nic limit 3, 2",
        "select device from nic offset 2 rows fetch first 3 rows only",
        "select version()",
        "select pg_catalog.version()",
        "select now(), current_timestamp, current_date",
        "select current_schema(), current_database(), current_user, session_user",
        "select table_name from information_schema.tables where table_schema = current_schema()",
        "select column_name, data_type from information_schema.columns where table_name = 'nic'",
        "select schema_name from information_schema.schemata",
        "show tables;",
        "SHOW FULL TABLES",
        "show columns from nic",
        "show databases",
        "show schemas",
        "show server_version",
        "show time zone",
        "show search_path",
        "describe nic",
        "desc nic",
        "explain select * from nic",
        "explain analyze select count(*) from nic",
    ] {
        let answer = ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert!(answer.batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 0, "{sql}: no rows");
    }
}

#[tokio::test]
async fn top_and_fetch_limit_as_limit_does() {
    for sql in ["select top 3 ts_ns from nic", "select ts_ns from nic fetch first 3 rows only"] {
        assert_eq!(ask(sql).await.unwrap().batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3, "{sql}");
    }
    let inner = "select count(*) from (select top 3 ts_ns from nic)";
    let answer = ask(inner).await.unwrap();
    let shown = datafusion::arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap().to_string();
    assert!(shown.contains("| 3 "), "{shown}");
}

#[tokio::test]
async fn what_changes_something_is_refused_as_such() {
    for sql in [
        "drop table nic",
        "SET extra_float_digits = 3",
        "set search_path to public",
        "begin; select 1; commit",
        "copy nic to '/nowhere/nic.csv'",
        "create external table t stored as csv location '/etc/passwd'",
        "insert into nic values (1)",
        "update nic set device = 'x'",
        "vacuum",
        "\u{feff}truncate nic",
    ] {
        assert!(matches!(ask(sql).await, Err(SqlError::NotReadOnly(_))), "{sql}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_what_to_write() {
    for (sql, said, mend) in [
        ("", "no query", "SELECT"),
        (" ;; -- hello", "no query", "SELECT"),
        ("/* nothing */", "no query", "SELECT"),
        ("select 1; select 2", "two statements", "one by one"),
        ("\\d nic", "another client", "SHOW COLUMNS FROM nic"),
        ("\\dt+", "another client", "SHOW TABLES"),
        ("\\l", "another client", "SHOW DATABASES"),
        (".tables", "another client", "SHOW TABLES"),
        ("use prod", "one database", "leave USE out"),
        ("table nic", "TABLE", "SELECT * FROM nic"),
        ("selct * from nic", "selct", "SELECT"),
        ("hello", "hello", "begins with one of"),
        ("select * from nic where device = ‘n0’", "‘", "'open'"),
        ("select \"Device\" from nic", "Device", "did you mean the column device?"),
        ("select * from incident where state = \"open\"", "open", "single quotes: 'open'"),
        ("select rx_byte from nic", "rx_byte", "did you mean the column rx_bytes?"),
        ("select hostname from nic", "hostname", "SHOW COLUMNS FROM nic"),
        ("select hostname from cable", "hostname", "the columns are a_device"),
        ("select device", "device", "SELECT … FROM"),
        ("select device from nic a join nic b on a.port = b.port", "device", "write t.device"),
        ("select * from incidents", "incidents", "did you mean the table incident?"),
        ("select * from hosts_by_rack", "hosts_by_rack", "the tables are"),
        ("select * from prod.nic", "nic", "write nic"),
        ("select * from pg_catalog.pg_class", "pg_class", "information_schema.tables"),
        ("select * from pg_stat_activity", "pg_stat_activity", "information_schema.tables"),
        ("select * from '/etc/passwd'", "passwd", "a file is no table"),
        ("select getdate()", "getdate", "write now()"),
        ("select time_bucket('10s', ts) from nic", "time_bucket", "date_bin"),
        ("select coalesc(port, '') from nic", "coalesc", "did you mean coalesce()?"),
        ("select top 10 percent device from nic", "TOP", "LIMIT 10"),
    ] {
        match ask(sql).await {
            Err(SqlError::Invalid { message, hint: Some(hint), .. }) => {
                assert!(message.contains(said), "{sql}: {message}; {hint}");
                assert!(hint.contains(mend), "{sql}: {message}; {hint}");
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}
