//! Whether a default is computed once or for each row.

use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode};

/// Whether an expression is computed for each row when it is the default of a new column.
pub fn is_volatile(expression: &str) -> bool {
    let sql = format!("ALTER TABLE t ADD COLUMN c text DEFAULT {expression}");
    let tree = SourceFile::parse(&sql).tree();
    tree.stmts().any(|stmt| {
        stmt.syntax().descendants().filter_map(ast::Expr::cast).any(|it| is_volatile_default(&it))
    })
}

/// Whether a default is computed for each row. What a function does is squawk's to say.
pub fn is_volatile_default(expr: &ast::Expr) -> bool {
    let calls = expr.syntax().descendants().filter_map(ast::CallExpr::cast);
    let names = calls.filter_map(|call| match call.expr()? {
        ast::Expr::NameRef(name) => Some(name.text()),
        ast::Expr::FieldExpr(field) => Some(field.field()?.text()),
        _ => None,
    });
    names.into_iter().any(|name| is_volatile_function(&name))
}

/// Whether a function may return another value for each row. squawk has the list of PostgreSQL's own that do not; one
/// that it does not know may.
fn is_volatile_function(function: &str) -> bool {
    // Expressions that look like functions.
    if matches!(function, "coalesce" | "nullif" | "greatest" | "least") {
        return false;
    }
    let sql = format!("ALTER TABLE t ADD COLUMN c text DEFAULT {function}();");
    let mut linter = Linter::from([Rule::AddingFieldWithDefault]);
    !linter.lint(&SourceFile::parse(&sql), &sql).is_empty()
}
