//! How complex a query is: how deep it nests, and how many tables it reads once each query that it names by WITH is put in
//! wherever that name is used. Forty named queries, each of which uses the one before it twice, are 2 kB of text and 2⁴⁰
//! tables, so the length of a text alone bounds nothing.

use super::query::SqlError;
use datafusion::sql::sqlparser::ast::{
    Cte, Expr, Function, FunctionArguments, GroupByExpr, ObjectName, OrderBy, OrderByKind, Query, Select, TableFactor,
    Visit, Visitor, WindowType,
};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Levels of expressions and queries inside each other: also the length of a chain of `+`, `||`, `::`, which cannot be
/// balanced.
pub const MOST_LEVELS: usize = 400;
/// Queries and tables in all, each named query counted wherever it is used.
pub const MOST_TABLES: usize = 1_000;
/// Queries as values inside each other: `(SELECT …)`, `IN (SELECT …)`, `EXISTS (SELECT …)`. Each level makes planning
/// several times as long; in FROM they are free of that.
pub const MOST_SUBQUERIES: usize = 8;
/// Tables side by side in one FROM.
pub const MOST_JOINS: usize = 50;
/// Columns in one SELECT; weft's widest table has some two hundred.
pub const MOST_COLUMNS: usize = 1_000;
/// Ways in which one GROUP BY groups, by CUBE, ROLLUP and GROUPING SETS.
pub const MOST_GROUPINGS: usize = 128;
/// Keys of one ORDER BY, GROUP BY or PARTITION BY: planning takes time with the square of their number.
pub const MOST_KEYS: usize = 100;

/// The complexity of one named query.
#[derive(Clone, Copy)]
struct Weight {
    tables: usize,
    levels: usize,
    subqueries: usize,
}

#[derive(Default)]
pub struct Complexity {
    named: HashMap<String, Weight>,
    level: usize,
    subquery: usize,
    tables: usize,
    /// The most of each so far.
    deepest: usize,
    subqueries: usize,
}

type Step = ControlFlow<Box<SqlError>>;

impl Complexity {
    fn enter(&mut self) -> Step {
        self.reach(self.level + 1)?;
        self.level += 1;
        Step::Continue(())
    }

    fn leave(&mut self) -> Step {
        self.level = self.level.saturating_sub(1);
        Step::Continue(())
    }

    fn reach(&mut self, level: usize) -> Step {
        self.deepest = self.deepest.max(level);
        check_levels(level)
    }

    fn nest(&mut self, subqueries: usize) -> Step {
        self.subqueries = self.subqueries.max(subqueries);
        let hint = "put the inner queries into FROM or WITH, and join";
        refuse_over(subqueries, MOST_SUBQUERIES, "queries stand inside each other as values {} deep", hint)
    }

    fn use_tables(&mut self, count: usize) -> Step {
        self.tables = self.tables.saturating_add(count);
        let hint = "a named query counts wherever it is used: ask in two steps, or use each once";
        refuse_over(self.tables, MOST_TABLES, "the query becomes more than {} tables and queries", hint)
    }

    /// A named query may use those before it, and by RECURSIVE itself, which is then a table of its own.
    fn learn(&mut self, cte: &Cte) -> Step {
        let mut inner = Complexity { named: self.named.clone(), ..Default::default() };
        cte.query.visit(&mut inner)?;
        let weight = Weight { tables: inner.tables, levels: inner.deepest, subqueries: inner.subqueries };
        self.named.insert(folded(&cte.alias.name.value), weight);
        Step::Continue(())
    }
}

impl Visitor for Complexity {
    /// Boxed: the walk keeps one of these a level.
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        self.enter()?;
        self.use_tables(1)?;
        refuse_over(
            query.pipe_operators.len(),
            MOST_JOINS,
            "{} steps follow each other by |>",
            "name the steps by WITH",
        )?;
        if let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &query.order_by {
            check_keys(keys.len())?;
        }
        query.with.iter().flat_map(|with| &with.cte_tables).try_for_each(|cte| self.learn(cte))
    }

    fn post_visit_query(&mut self, _: &Query) -> Step {
        self.leave()
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        let side_by_side = select.from.iter().map(|from| 1 + from.joins.len()).sum();
        refuse_over(side_by_side, MOST_JOINS, "{} tables stand in one FROM", "join fewer, or ask in two steps")?;
        if let GroupByExpr::Expressions(keys, modifiers) = &select.group_by {
            check_keys(keys.len())?;
            let sets = keys.iter().map(groupings).fold(1, usize::saturating_mul);
            let hint = "CUBE of n keys groups in 2 to the power of n ways: name fewer, or use ROLLUP";
            refuse_over(sets, MOST_GROUPINGS, "GROUP BY groups in {} ways", hint)?;
            if !modifiers.is_empty() {
                let hint = "write GROUP BY ROLLUP (a, b)";
                return Step::Break(Box::new(SqlError::invalid("GROUP BY … WITH is not understood", hint)));
            }
        }
        refuse_over(select.projection.len(), MOST_COLUMNS, "{} columns stand in one SELECT", "ask for fewer at a time")
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        self.enter()?;
        let TableFactor::Table { name, .. } = factor else { return Step::Continue(()) };
        let weight = named(name).and_then(|name| self.named.get(&name)).copied();
        let Weight { tables, levels, subqueries } = weight.unwrap_or(Weight { tables: 1, levels: 0, subqueries: 0 });
        self.reach(self.level + levels)?;
        self.nest(self.subquery + subqueries)?;
        self.use_tables(tables)
    }

    fn post_visit_table_factor(&mut self, _: &TableFactor) -> Step {
        self.leave()
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Step {
        if let Expr::Function(Function { over: Some(WindowType::WindowSpec(window)), .. }) = expr {
            check_keys(window.partition_by.len().max(window.order_by.len()))?;
        }
        if is_subquery(expr) {
            self.subquery += 1;
            self.nest(self.subquery)?;
        }
        self.enter()
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> Step {
        self.subquery = self.subquery.saturating_sub(usize::from(is_subquery(expr)));
        self.leave()
    }
}

/// In how many ways one item of a GROUP BY groups the rows.
fn groupings(key: &Expr) -> usize {
    match key {
        Expr::Cube(keys) => 1_usize.checked_shl(keys.len() as u32).unwrap_or(usize::MAX),
        Expr::Rollup(keys) => keys.len() + 1,
        Expr::GroupingSets(sets) => sets.len().max(1),
        _ => 1,
    }
}

fn is_subquery(expr: &Expr) -> bool {
    let of_function = |f: &Function| matches!(f.args, FunctionArguments::Subquery(_));
    matches!(expr, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. })
        || matches!(expr, Expr::Function(function) if of_function(function))
}

fn check_keys(count: usize) -> Step {
    refuse_over(count, MOST_KEYS, "{} keys stand in one ORDER BY, GROUP BY or PARTITION BY", "name fewer")
}

pub fn check_levels(levels: usize) -> Step {
    let hint = "shorten the chain, or sum by GROUP BY; a list of names goes into name IN ('a', 'b', …)";
    refuse_over(levels, MOST_LEVELS, "the query is {} levels deep or more", hint)
}

fn named(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [part] => part.as_ident().map(|ident| folded(&ident.value)),
        _ => None,
    }
}

/// Letters' case is given up, which can only make a query heavier than it is.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// `what` says `{}` where the number goes.
fn refuse_over(count: usize, most: usize, what: &str, hint: &str) -> Step {
    if count <= most {
        return Step::Continue(());
    }
    let message = format!("{}; at most {most} may be", what.replace("{}", &count.to_string()));
    Step::Break(Box::new(SqlError::invalid(message, hint)))
}
