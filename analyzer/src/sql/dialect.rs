//! The grammar that queries are read by: the generic one's part that speaks of queries, and a budget for reading.
//!
//! The parser tries a text one way and, where that fails, another way. With an error inside brackets inside brackets the
//! tries double at every bracket: `CAST(CAST(… x` of 300 bytes would be read for hours. The parser asks its dialect
//! whenever an expression begins, so the dialect is where the tries are counted.

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use std::any::TypeId;
use std::cell::Cell;

/// Expressions that may be begun for each token of the text. A sound text needs one or two.
const TRIES_PER_TOKEN: usize = 20;

#[derive(Debug)]
pub struct WeftDialect {
    tries_left: Cell<usize>,
}

impl WeftDialect {
    pub fn for_tokens(tokens: usize) -> WeftDialect {
        WeftDialect { tries_left: Cell::new((tokens + 50) * TRIES_PER_TOKEN) }
    }

    /// Whether reading was given up.
    pub fn is_spent(&self) -> bool {
        self.tries_left.get() == 0
    }
}

/// The features named here are on; every other keeps the parser's default.
macro_rules! with_features {
    ($($feature:ident)*) => {
        impl Dialect for WeftDialect {
            $(fn $feature(&self) -> bool { true })*

            /// Where the parser asks for the generic dialect, it means this one too.
            fn dialect(&self) -> TypeId {
                TypeId::of::<GenericDialect>()
            }

            fn is_identifier_start(&self, ch: char) -> bool {
                GenericDialect.is_identifier_start(ch)
            }

            fn is_identifier_part(&self, ch: char) -> bool {
                GenericDialect.is_identifier_part(ch)
            }

            fn parse_prefix(&self, _: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
                match self.tries_left.get() {
                    // The one error that the parser does not answer by another try.
                    0 => Some(Err(ParserError::RecursionLimitExceeded)),
                    left => {
                        self.tries_left.set(left - 1);
                        None
                    }
                }
            }
        }
    };
}

with_features! {
    allow_extract_custom
    allow_extract_single_quotes
    support_map_literal_syntax
    supports_array_typedef_with_brackets
    supports_bitwise_shift_operators
    supports_comma_separated_trim
    supports_dictionary_syntax
    supports_empty_projections
    supports_explain_with_utility_options
    supports_extract_comma_syntax
    supports_filter_during_aggregation
    supports_from_first_select
    supports_group_by_expr
    supports_group_by_with_modifier
    supports_interval_options
    supports_left_associative_joins_without_parens
    supports_limit_comma
    supports_named_fn_args_with_assignment_operator
    supports_nested_comments
    supports_parens_around_table_factor
    supports_partition_by_after_order_by
    supports_pipe_operator
    supports_projection_trailing_commas
    supports_select_wildcard_except
    supports_select_wildcard_exclude
    supports_select_wildcard_ilike
    supports_select_wildcard_rename
    supports_select_wildcard_replace
    supports_string_escape_constant
    supports_struct_literal
    supports_try_convert
    supports_unicode_string_literal
    supports_values_as_table_factor
    supports_window_clause_named_window_reference
    supports_window_function_null_treatment_arg
}
