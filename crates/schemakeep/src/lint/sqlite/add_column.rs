//! Which `ADD COLUMN` SQLite takes on a table that has rows: its manual's list for `ALTER TABLE`.
//!
//! What it refuses on an empty table too (UNIQUE, PRIMARY KEY) it says itself, in the scratch.

use sqlite3_parser::ast::{ColumnConstraint, ColumnDefinition, Expr, Literal, UnaryOperator};

use crate::lint::registry::{ADDING_REQUIRED_FIELD, UNSUPPORTED_ADD_COLUMN};
use crate::lint::{Finding, Subject};

pub(super) fn judge(
    subject: &Subject<'_>,
    line: usize,
    column: &ColumnDefinition<'_>,
) -> Option<Finding> {
    let all = || column.constraints.iter().map(|named| &named.constraint);
    let default = all().find_map(|constraint| match constraint {
        ColumnConstraint::Default(expr) => Some(expr),
        _ => None,
    });
    let default = default.filter(|expr| !is_null(expr));
    let unsupported = |why: &str| Some(subject.finding(&UNSUPPORTED_ADD_COLUMN, line, why));
    if default.is_some_and(|expr| !is_constant(expr)) {
        return unsupported("on a table that has rows SQLite takes constants only as a default");
    }
    for constraint in all() {
        match constraint {
            ColumnConstraint::Generated { typ: Some(kind), .. }
                if kind.0.eq_ignore_ascii_case("stored") =>
            {
                return unsupported(
                    "SQLite adds no STORED column to a table that has rows; a VIRTUAL one it does",
                );
            }
            ColumnConstraint::ForeignKey { .. } if default.is_some() => {
                return unsupported(
                    "SQLite adds no column that refers to another table and has a default",
                );
            }
            _ => {}
        }
    }
    let generated =
        all().any(|constraint| matches!(constraint, ColumnConstraint::Generated { .. }));
    let required = all().any(|it| matches!(it, ColumnConstraint::NotNull { nullable: false, .. }));
    let why = "fails on a table that has rows: they would hold a null";
    let finding = subject.finding(&ADDING_REQUIRED_FIELD, line, why);
    (required && default.is_none() && !generated).then_some(finding)
}

fn is_null(expr: &Expr<'_>) -> bool {
    match expr {
        Expr::Literal(Literal::Null) => true,
        Expr::Parenthesized(inner) => matches!(inner.as_slice(), [one] if is_null(one)),
        _ => false,
    }
}

fn is_constant(expr: &Expr<'_>) -> bool {
    match expr {
        Expr::Literal(literal) => !matches!(
            literal,
            Literal::CurrentDate | Literal::CurrentTime | Literal::CurrentTimestamp
        ),
        Expr::Unary(UnaryOperator::Negative | UnaryOperator::Positive, inner) => is_constant(inner),
        Expr::Cast { expr, .. } => is_constant(expr),
        Expr::Parenthesized(inner) => matches!(inner.as_slice(), [one] if is_constant(one)),
        // true, false, and words that SQLite takes for strings.
        Expr::Id(_) | Expr::Name(_) => true,
        _ => false,
    }
}
