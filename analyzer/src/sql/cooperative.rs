//! Every operator of a query gives its thread back now and then, so that the query can be ended at its deadline.
//!
//! A timeout can act only while the query's task yields to the runtime. DataFusion makes its sources yield, but an operator
//! that makes many rows out of few can run for hours between two batches of its source: a join without a key of two tables
//! of 100,000 rows makes 10¹⁰ rows. The rule below therefore wraps every operator that does not yield by itself.

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::SchedulingType;
use std::sync::Arc;

#[derive(Debug)]
pub struct YieldEverywhere;

impl PhysicalOptimizerRule for YieldEverywhere {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrap = |node: Arc<dyn ExecutionPlan>| {
            if node.properties().scheduling_type == SchedulingType::Cooperative {
                return Ok(Transformed::no(node));
            }
            Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
        };
        plan.transform_up(wrap).map(|done| done.data)
    }

    fn name(&self) -> &str {
        "YieldEverywhere"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
