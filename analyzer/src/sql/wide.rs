//! A wide table of the hot window as DataFusion scans it: batch by batch, only the columns asked for.

use super::column::{extra_schema, fixed_schema, project, wide_schema};
use super::time_and_place::TimeAndPlace;
use crate::store::{EVENT, Names, STEP, Store, StoredBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use std::sync::Arc;
use weft_wire::Table;

/// Also `extra`, `event` and `step`, which are kept beside it.
#[derive(Debug)]
pub struct WideTable {
    schema: SchemaRef,
    batches: Vec<Arc<StoredBatch>>,
    names: Arc<Names>,
    /// The first stored column holds entity ids.
    has_entities: bool,
}

impl WideTable {
    /// A snapshot: the names are taken after the rows, so every row's entity has one.
    pub fn new(store: &Store, table: Table) -> WideTable {
        let schema = match table {
            Table::Extra => extra_schema(),
            Table::Event => fixed_schema(&EVENT),
            Table::Step => fixed_schema(&STEP),
            wide => wide_schema(wide),
        };
        let (batches, names) = store.rows(table);
        let has_entities = !matches!(table, Table::Event | Table::Step);
        WideTable { schema, batches, names, has_entities }
    }

    /// By entity id; `None` when no place is asked for.
    fn wanted_ids(&self, wanted: &TimeAndPlace) -> Option<Arc<[bool]>> {
        if !self.has_entities || (wanted.device.is_none() && wanted.port.is_none()) {
            return None;
        }
        let is = |asked: &Option<String>, name: &str| asked.as_deref().is_none_or(|asked| asked == name);
        let entities = self.names.entities.iter();
        Some(entities.map(|e| is(&wanted.device, &e.device) && is(&wanted.port, &e.port)).collect())
    }
}

#[async_trait]
impl TableProvider for WideTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match TimeAndPlace::understands(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = TimeAndPlace::of(filters);
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let batches: Vec<_> = self.batches.iter().filter(|b| wanted.holds_time(b.min_ns, b.max_ns)).cloned().collect();
        let ids = self.wanted_ids(&wanted);
        let share = batches.len().div_ceil(state.config().target_partitions().max(1)).max(1);
        let part = |batches: &[Arc<StoredBatch>]| {
            let (batches, names) = (batches.to_vec(), self.names.clone());
            Arc::new(Part { schema: schema.clone(), batches, names, ids: ids.clone() }) as Arc<dyn PartitionStream>
        };
        let mut parts: Vec<_> = batches.chunks(share).map(part).collect();
        if parts.is_empty() {
            parts.push(part(&[]));
        }
        Ok(Arc::new(StreamingTableExec::try_new(schema.clone(), parts, None, [], false, limit)?))
    }
}

/// A run of batches.
#[derive(Debug)]
struct Part {
    schema: SchemaRef,
    batches: Vec<Arc<StoredBatch>>,
    names: Arc<Names>,
    ids: Option<Arc<[bool]>>,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (schema, names, ids) = (self.schema.clone(), self.names.clone(), self.ids.clone());
        let make = move |stored: Arc<StoredBatch>| make(&stored, &names, ids.as_deref(), &schema).transpose();
        let batches = self.batches.clone().into_iter().filter_map(make).map(|b| Ok(b?));
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(batches)))
    }
}

/// `None` when no row of the batch is wanted.
fn make(
    stored: &StoredBatch,
    names: &Names,
    ids: Option<&[bool]>,
    schema: &SchemaRef,
) -> std::result::Result<Option<RecordBatch>, ArrowError> {
    let Some(ids) = ids else { return project(stored, names, schema).map(Some) };
    let is_wanted = |id: &i32| ids.get(*id as usize).copied().unwrap_or(false);
    let rows = stored.batch.column(0).as_primitive::<Int32Type>().values();
    if !rows.iter().any(is_wanted) {
        return Ok(None);
    }
    let wanted: BooleanArray = rows.iter().map(|id| Some(is_wanted(id))).collect();
    arrow_select::filter::filter_record_batch(&project(stored, names, schema)?, &wanted).map(Some)
}
