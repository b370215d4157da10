//! The one schema: tables made from the store when a query names them.

use super::tables::{self, Kind};
use super::wide::WideTable;
use crate::store::Store;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::common::Result;
use std::sync::Arc;

#[derive(Debug)]
pub struct StoreSchema {
    store: Arc<Store>,
}

impl StoreSchema {
    pub fn new(store: Arc<Store>) -> StoreSchema {
        StoreSchema { store }
    }
}

#[async_trait]
impl SchemaProvider for StoreSchema {
    fn table_names(&self) -> Vec<String> {
        tables::names().into_iter().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(table) = tables::tables().find(|table| table.name == name) else { return Ok(None) };
        Ok(Some(match &table.kind {
            Kind::Window(table) => Arc::new(WideTable::new(&self.store, *table)),
            Kind::Small(make) => {
                let batch = make(&self.store)?;
                Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)
            }
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        tables::names().contains(&name)
    }
}
