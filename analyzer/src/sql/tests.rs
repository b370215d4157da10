//! Golden answers over a small window, and what is refused.

use super::*;
use crate::store::{Store, StoreConfig};
use arrow_array::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use std::sync::Arc;
use std::time::Duration;
use weft_judge::fabric::{Entity, EntityId, EntityTable};
use weft_judge::fabric::{LinkEvent, Tick, TickBatch};
use weft_wire::plan::{Plan, PlanCable, PlanPort};
use weft_wire::{Quality, Table, TableSchema, TableWriter};

const S: i64 = 1_000_000_000;

/// Two nodes, ten seconds; the fast rows of second 3 and a failed read in second 5 of n1.
pub(super) fn store() -> Arc<Store> {
    let port = |device: &str| PlanPort {
        device: device.into(),
        port: "eth0".into(),
        table: "nic".into(),
        speed_bps: Some(100_000_000_000),
        rail: "0".into(),
        role: "compute".into(),
        plane: String::new(),
    };
    let cable =
        PlanCable { a_device: "n0".into(), a_port: "eth0".into(), b_device: "n1".into(), b_port: "eth0".into() };
    let plan = Plan { ports: vec![port("n0"), port("n1")], cables: vec![cable], ..Default::default() };
    let store = Store::new(plan, &StoreConfig { window_ns: 100 * S, window_bytes: 1 << 30 });
    let mut entities = EntityTable::default();
    for device in ["n0", "n1"] {
        entities.describe(Entity {
            id: EntityId(0),
            table: Table::Nic,
            slot: 0,
            device: device.into(),
            port: "eth0".into(),
            driver: "mlx5".into(),
            collector: device.into(),
            speed_bps: None,
            epoch: 1,
            profile: Default::default(),
        });
    }
    (0..10).for_each(|second| store.add_tick(&tick(second), &entities, second == 0));
    Arc::new(store)
}

fn tick(second: i64) -> Tick {
    let wide = Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes", "symbol_errors", "rx_pause_us_p"]).unwrap());
    let narrow = Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes"]).unwrap());
    let mut rows = TableWriter::new(wide.clone());
    for node in 0..2 {
        rows.begin_row(node, second * S, None, 1);
        rows.set_uint(0, 0, (second * 100 * (i64::from(node) + 1)) as u64);
        rows.set_uint(2, 3, second as u64);
        match (node, second) {
            (1, 5) => rows.flag(1, 0, Quality::Failed),
            _ => rows.set_uint(1, 0, 7),
        }
    }
    let mut batches = vec![batch(wide, &mut rows, vec![EntityId(0), EntityId(1)])];
    if second == 3 {
        let mut fast = TableWriter::new(narrow.clone());
        fast.begin_row(0, 3 * S + S / 2, None, 1);
        fast.set_uint(0, 0, 350);
        batches.push(batch(narrow, &mut fast, vec![EntityId(0)]));
    }
    let event = LinkEvent {
        ts_ns: second * S + 1,
        device: "n1".into(),
        port: "eth0".into(),
        event: "link_down".into(),
        text: String::new(),
    };
    Tick {
        index: second,
        start_ns: second * S,
        end_ns: (second + 1) * S,
        batches,
        events: if second == 4 { vec![event] } else { Vec::new() },
        steps: Vec::new(),
        silent: Vec::new(),
    }
}

fn batch(schema: Arc<TableSchema>, rows: &mut TableWriter, entities: Vec<EntityId>) -> TickBatch {
    TickBatch { table: schema.table, schema, entities, batch: rows.finish().unwrap() }
}

pub(super) fn query(sql: &str) -> SqlQuery {
    SqlQuery { sql: sql.into(), params: Vec::new(), timeout: Duration::from_secs(20), max_rows: 100 }
}

async fn ask(query: &SqlQuery) -> Result<SqlAnswer, SqlError> {
    SqlEngine::new(store(), SqlLimits::default()).unwrap().query(query.clone()).await
}

/// Rows as `a|b`, one a line.
async fn rows(query: &SqlQuery) -> String {
    let answer = ask(query).await.unwrap();
    let table = pretty_format_batches(&answer.batches).unwrap().to_string();
    let cells = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|");
    table.lines().filter(|l| l.starts_with('|')).skip(1).map(cells).collect::<Vec<_>>().join("\n")
}

async fn check(sql: &str, expected: &str) {
    assert_eq!(rows(&query(sql)).await, expected, "{sql}");
}

#[tokio::test]
async fn answers() {
    check("select count(*) from nic", "21").await;
    check("select device, max(rx_bytes) from nic group by device order by device", "n0|900\nn1|1800").await;
    check(
        "select ts_ns, rx_bytes from nic where device = 'n0' and ts_ns between 3000000000 and 4000000000 order by 1",
        "3000000000|300\n3500000000|350\n4000000000|400",
    )
    .await;
    check("select count(*) from nic where ts >= timestamp '1970-01-01T00:00:08Z'", "4").await;
    check("select device, quality from nic where quality is not null", "n1|symbol_errors: failed").await;
    check("select rx_pause_us_p[4] from nic where device = 'n0' and ts_ns = 6000000000", "6").await;
    check("select count(*), count(symbol_errors) from nic where device = 'n0'", "11|10").await;
    check("select device, event from event", "n1|link_down").await;
    check(
        "select device, peer_device, driver, speed_bps, planned_bps from port order by 1",
        "n0|n1|mlx5||100000000000\nn1|n0|mlx5||100000000000",
    )
    .await;
    check("select unit, kind from counter_catalog where table_name = 'nic' and counter = 'rx_bytes'", "bytes|counter")
        .await;
    check("select count(*) from ingest_gap", "0").await;
}

#[tokio::test]
async fn rows_join_with_what_the_plan_says() {
    check(
        "select p.rail, sum(n.rx_bytes) from nic n join port p on n.device = p.device and n.port = p.port group by 1",
        "0|13850",
    )
    .await;
}

#[tokio::test]
async fn every_table_can_be_read_and_described() {
    for name in tables::names() {
        ask(&query(&format!("select * from {name}"))).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let described = "select count(distinct table_name) from information_schema.columns where table_schema = 'public'";
    check(described, &tables::names().len().to_string()).await;
    ask(&query("show tables")).await.unwrap();
    ask(&query("explain select * from nic")).await.unwrap();
}

#[tokio::test]
async fn parameters_are_bound() {
    let mut query = query("select max(rx_bytes) from nic where device = $1 and rx_bytes < $2");
    query.params = vec![SqlParam::Text("n1".into()), SqlParam::Integer(1500)];
    assert_eq!(rows(&query).await, "1400");
}

#[tokio::test]
async fn rows_are_bounded() {
    let mut query = query("select * from nic");
    query.max_rows = 5;
    let answer = ask(&query).await.unwrap();
    assert_eq!((answer.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), answer.truncated), (5, true));
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    for sql in [
        "create table t (a int)",
        "create table t as select * from nic",
        "create view v as select 1",
        "create external table t stored as csv location '/etc/passwd'",
        "create function f() returns int return 1",
        "drop table nic",
        "insert into port values (1)",
        "delete from nic",
        "update port set rail = '1'",
        "copy (select 1) to '/tmp/weft-copied'",
        "copy nic to '/tmp/weft-copied.parquet'",
        "set datafusion.execution.batch_size = 1",
        "begin",
        "explain analyze insert into port values (1)",
        "prepare p as select 1",
        "execute p",
        "deallocate p",
    ] {
        let refused = ask(&query(sql)).await;
        assert!(matches!(refused, Err(SqlError::NotReadOnly(_) | SqlError::Invalid { .. })), "{sql}: {refused:?}");
    }
    assert!(!std::path::Path::new("/tmp/weft-copied").exists());
    for sql in ["select * from '/etc/passwd'", "select 1; select 2", "select * from read_csv('/etc/passwd')"] {
        assert!(matches!(ask(&query(sql)).await, Err(SqlError::Invalid { .. })), "{sql}");
    }
}

#[tokio::test]
async fn errors_say_where_and_what_was_meant() {
    let said = async |sql: &str| match ask(&query(sql)).await {
        Err(SqlError::Invalid { hint, line, column, .. }) => (hint.unwrap_or_default(), line, column),
        other => panic!("{sql}: {other:?}"),
    };
    assert_eq!(said("select * from nicc").await, ("did you mean the table nic?".into(), Some(1), Some(15)));
    let (hint, line, column) = said("select device,\n  rx_byte from nic").await;
    assert_eq!((hint.as_str(), line, column), ("did you mean the column rx_bytes?", Some(2), Some(3)));
    let (_, line, column) = said("select from where").await;
    assert_eq!((line, column.is_some()), (Some(1), true));
}

/// A long chain is rebuilt before it is planned, and says what it said.
#[tokio::test]
async fn a_long_chain_means_what_is_written() {
    let names = |n: usize, between: &str, how: &str| {
        (0..n).map(|i| format!("device {how} 'n{}'", i + 1)).collect::<Vec<_>>().join(between)
    };
    for n in [1, 16, 17, 18, 100, 400] {
        check(&format!("select count(*) from nic where {}", names(n, " or ", "=")), "10").await;
        check(&format!("select count(*) from nic where {}", names(n, " and ", "<>")), "11").await;
        check(&format!("select count(*) from nic where ts_ns < 0 or {}", names(n, " or ", "=")), "10").await;
        let union = |all: &str| (0..n).map(|i| format!("select {} as a", i % 7)).collect::<Vec<_>>().join(all);
        check(&format!("select count(*), sum(a) from ({})", union(" union all ")), &format!("{n}|{}", sum(n))).await;
        check(&format!("select count(*) from ({})", union(" union ")), &n.min(7).to_string()).await;
    }
    let mixed = "select 1 union all select 1 union select 1 union all select 1";
    check(&format!("select count(*) from ({mixed})"), "2").await;
    check("select count(*) from (select 1 except select 1 union all select 3)", "1").await;
}

fn sum(n: usize) -> usize {
    (0..n).map(|i| i % 7).sum()
}

#[tokio::test]
async fn a_query_over_a_bound_is_told_which_and_what_to_write() {
    let or = |n: usize| (0..n).map(|i| format!("device = 'n{i}'")).collect::<Vec<_>>().join(" or ");
    for (sql, bound, mend) in [
        (format!("select * from nic where {}", or(4_000)), "4000 conditions are joined by OR; at most 3000", "IN ("),
        (format!("select {}1", "1+".repeat(2_000)), "levels deep or more; at most 400", "IN ("),
        (format!("select {}1{}", "(".repeat(90), ")".repeat(90)), "brackets are open 65 deep; at most 64", "WITH"),
        (vec!["select 1"; 401].join(" union all "), "401 queries are joined by UNION; at most 400", "IN ("),
        (format!("select '{}'", "x".repeat(2 << 20)), "bytes; at most 1048576", "a part"),
    ] {
        match ask(&query(&sql)).await {
            Err(SqlError::Invalid { message, hint: Some(hint), .. }) => {
                assert!(message.contains(bound) && hint.contains(mend), "{message}; {hint}");
            }
            other => panic!("{bound}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_pattern_that_cannot_be_used_is_the_querys_fault() {
    for (pattern, fault) in
        [("a(", "regex parse error: error: unclosed group"), (&*format!("a{}", "{1,9}".repeat(10)), "CompiledTooBig")]
    {
        match ask(&query(&format!("select count(*) from nic where device ~ '{pattern}'"))).await {
            Err(SqlError::Invalid { message, .. }) => assert!(message.contains(fault), "{message}"),
            other => panic!("{pattern}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_query_that_panics_is_an_answer_and_the_next_one_is_answered() {
    let engine = SqlEngine::new(store(), SqlLimits::default()).unwrap();
    for _ in 0..5 {
        let failed = engine.threads.run(Duration::from_secs(20), async { panic!("no such {}", "luck") }).await;
        assert_eq!(failed, Err::<(), _>(SqlError::Panicked("no such luck".to_owned())));
    }
    let answer = engine.query(query("select 1")).await.unwrap();
    assert_eq!(answer.batches[0].num_rows(), 1);
}

/// More such queries than there are threads.
#[tokio::test]
async fn queries_that_hold_their_threads_hold_up_no_other() {
    let engine = SqlEngine::new(store(), SqlLimits::default()).unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    for _ in 0..4 {
        let held = held.clone();
        let work = async move {
            let _ = held.lock().unwrap().recv();
            Ok(())
        };
        let stuck = engine.threads.run(Duration::from_millis(10), work).await;
        assert_eq!(stuck, Err(SqlError::Deadline(Duration::from_millis(10))));
    }
    assert_eq!(engine.query(query("select 1")).await.unwrap().batches[0].num_rows(), 1);
    drop(release);
}

#[tokio::test]
async fn a_heavy_query_meets_its_bounds() {
    let heavy =
        "select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b where a.value <> b.value";
    let mut query = query(heavy);
    query.timeout = Duration::from_millis(300);
    assert!(matches!(ask(&query).await, Err(SqlError::Deadline(_))));
    let limits = SqlLimits { memory_bytes: 1 << 20, ..Default::default() };
    let sorted = self::query("select value, random() r from generate_series(1, 3000000) order by r");
    let refused = SqlEngine::new(store(), limits).unwrap().query(sorted).await;
    assert!(matches!(refused, Err(SqlError::Memory(_))), "{refused:?}");
}

#[tokio::test]
async fn a_query_cannot_make_a_value_of_any_size() {
    for (function, call) in [
        ("repeat", "repeat('x', 2000000000)"),
        ("range", "range(0, 2000000000)"),
        ("generate_series", "generate_series(0, 2000000000)"),
        ("array_repeat", "array_repeat(1, 2000000000)"),
        ("list_repeat", "list_repeat(1, 2000000000)"),
        ("array_resize", "array_resize([1], 2000000000)"),
        ("list_resize", "list_resize([1], 2000000000)"),
        ("lpad", "lpad('x', 2000000000)"),
        ("rpad", "RPAD('x', 2000000000)"),
        ("arrow_cast", "arrow_cast(null, 'FixedSizeBinary(2000000000)')"),
        ("arrow_try_cast", "arrow_try_cast(null, 'FixedSizeBinary(2000000000)')"),
        ("approx_percentile_cont", "approx_percentile_cont(1.0, 0.5, 2000000000)"),
        ("approx_percentile_cont_with_weight", "approx_percentile_cont_with_weight(1.0, 1, 0.5, 2000000000)"),
    ] {
        let began = std::time::Instant::now();
        match ask(&query(&format!("select {call}"))).await {
            Err(SqlError::Invalid { message, hint: Some(hint), line: Some(1), .. }) => {
                assert!(message.contains(function) && hint.contains(function), "{call}: {message}; {hint}");
            }
            other => panic!("{call}: {other:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{call}");
    }
    for cast in ["cast(null as bigint[2000000000])", "(select x from (select try_cast(null as bigint[9999]) x))"] {
        let refused = ask(&query(&format!("select {cast}"))).await;
        assert!(matches!(refused, Err(SqlError::Invalid { .. })), "{cast}: {refused:?}");
    }
    check("select count(*), max(value) from generate_series(1, 1000)", "1000|1000").await;
    check("select count(*) from range(0, 10)", "10").await;
    check("select percentile_cont(0.5) within group (order by rx_bytes) from nic where device = 'n0'", "400.0").await;
}

/// A name that stands after letters whose lower case is longer.
#[tokio::test]
async fn an_error_beside_any_letter_is_an_answer() {
    for sql in ["select 'İİİİ', éé from nic", "select 'İ' İ, * from \"éİ\"", "select 'İ', ééé(1)"] {
        let refused = ask(&query(sql)).await;
        assert!(matches!(refused, Err(SqlError::Invalid { .. })), "{sql}: {refused:?}");
    }
}
