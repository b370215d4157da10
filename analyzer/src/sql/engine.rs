//! The engine: one query from its text to its answer, within its limits.

use super::catalog::StoreSchema;
use super::error::{explain, first_line};
use super::query::{Sql, SqlAnswer, SqlError, SqlQuery};
use super::threads::SqlThreads;
use super::{cooperative, functions, large_values, params, parse};
use crate::store::Store;
use arrow_array::{Array, RecordBatch};
use async_trait::async_trait;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What queries may use.
#[derive(Clone, Debug)]
pub struct SqlLimits {
    /// Memory of one query's sorts, joins and aggregates, and again as much for its answer.
    pub memory_bytes: usize,
    /// Queries under way at once.
    pub concurrent: usize,
}

impl Default for SqlLimits {
    fn default() -> Self {
        SqlLimits { memory_bytes: 512 << 20, concurrent: 16 }
    }
}

#[derive(Debug)]
pub struct SqlEngine {
    planner: Arc<Planner>,
    pub(super) threads: SqlThreads,
}

/// The part of the engine that runs on its threads.
#[derive(Debug)]
struct Planner {
    store: Arc<Store>,
    limits: SqlLimits,
    running: AtomicUsize,
}

/// Counts a query for as long as it runs.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SqlEngine {
    /// Errors when its threads cannot be started.
    pub fn new(store: Arc<Store>, limits: SqlLimits) -> std::io::Result<SqlEngine> {
        let planner = Planner { store, limits, running: AtomicUsize::new(0) };
        Ok(SqlEngine { planner: Arc::new(planner), threads: SqlThreads::start()? })
    }
}

#[async_trait]
impl Sql for SqlEngine {
    async fn query(&self, query: SqlQuery) -> Result<SqlAnswer, SqlError> {
        let planner = self.planner.clone();
        let answer = self.threads.run(query.timeout, async move { planner.query(&query).await }).await;
        if let Err(SqlError::Panicked(said)) = &answer {
            metrics::counter!("weft_sql_panics_total").increment(1);
            tracing::error!("a query panicked: {said}");
        }
        answer
    }
}

impl Planner {
    async fn query(&self, query: &SqlQuery) -> Result<SqlAnswer, SqlError> {
        let before = self.running.fetch_add(1, Ordering::Relaxed);
        let _running = Running(&self.running);
        if before >= self.limits.concurrent {
            return Err(SqlError::Busy(before));
        }
        match tokio::time::timeout(query.timeout, self.answer(query)).await {
            Ok(answer) => answer,
            Err(_) => Err(SqlError::Deadline(query.timeout)),
        }
    }

    async fn answer(&self, query: &SqlQuery) -> Result<SqlAnswer, SqlError> {
        let context = self.context()?;
        let frame = self.plan(&context, query).await?;
        let stream = frame.execute_stream().await.map_err(|e| explain(&e, &query.sql))?;
        self.collect(stream, query).await
    }

    fn context(&self) -> Result<SessionContext, SqlError> {
        // Two at least: a query's operators hand work to each other even on one core.
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
        let mut config = SessionConfig::new()
            .with_information_schema(true)
            .with_default_catalog_and_schema("weft", "public")
            .with_create_default_catalog_and_schema(true)
            .with_target_partitions(cores);
        config.options_mut().sql_parser.collect_spans = true;
        // It writes no file: what does not fit in memory is refused.
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(no_disk)
            .with_memory_limit(self.limits.memory_bytes, 1.0)
            .build_arc()
            .map_err(|e| SqlError::Internal(e.to_string()))?;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(cooperative::YieldEverywhere))
            .build();
        let context = SessionContext::new_with_state(state);
        large_values::leave_out(&context);
        functions::register(&context);
        if let Some(catalog) = context.catalog("weft") {
            let schema = Arc::new(StoreSchema::new(self.store.clone()));
            catalog.register_schema("public", schema).map_err(|e| SqlError::Internal(e.to_string()))?;
        }
        Ok(context)
    }

    /// Queries only: neither DDL, DML, COPY nor SET.
    async fn plan(&self, context: &SessionContext, query: &SqlQuery) -> Result<DataFrame, SqlError> {
        let statement = parse::parse(&query.sql)?;
        let plan = context.state().statement_to_plan(statement).await.map_err(|e| explain(&e, &query.sql))?;
        let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        reads_only.verify_plan(&plan).map_err(|e| SqlError::NotReadOnly(first_line(&e)))?;
        large_values::check(&plan)?;
        let frame = DataFrame::new(context.state(), plan);
        if query.params.is_empty() {
            return Ok(frame);
        }
        frame.with_param_values(params::values(&query.params)).map_err(|e| explain(&e, &query.sql))
    }

    async fn collect(&self, mut stream: SendableRecordBatchStream, query: &SqlQuery) -> Result<SqlAnswer, SqlError> {
        let schema = stream.schema();
        let (mut batches, mut rows, mut bytes): (Vec<RecordBatch>, _, _) = (Vec::new(), 0, 0);
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| explain(&e, &query.sql))?;
            let room = query.max_rows - rows;
            if batch.num_rows() > room {
                batches.push(batch.slice(0, room));
                return Ok(SqlAnswer { schema, batches, truncated: true });
            }
            rows += batch.num_rows();
            bytes += size(&batch);
            if bytes > self.limits.memory_bytes {
                return Err(SqlError::Memory(format!("the answer is over {} bytes", self.limits.memory_bytes)));
            }
            batches.push(batch);
        }
        Ok(SqlAnswer { schema, batches, truncated: false })
    }
}

/// Bytes of the rows themselves, not of the buffers that they share with other batches.
fn size(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}
