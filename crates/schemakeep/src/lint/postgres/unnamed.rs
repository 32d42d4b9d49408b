//! The names that PostgreSQL gives to constraints for which nobody has one (`ChooseConstraintName`).

use std::collections::BTreeSet;

use squawk_syntax::ast::{self, AstNode, NameLike};

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// `table_column_suffix`, cut so that it fits; with a number where the name is taken.
pub(super) fn name(
    table: &str,
    columns: &str,
    suffix: &str,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let numbered = (1..).map(|number: u32| format!("{suffix}{number}"));
    let mut names = std::iter::once(suffix.to_owned())
        .chain(numbered)
        .map(|suffix| fitting(table, columns, &suffix))
        .filter(|name| !is_taken(name));
    // The numbers have no end.
    names.next().unwrap_or_default()
}

/// Takes from the longer of both until the whole fits.
fn fitting(table: &str, columns: &str, suffix: &str) -> String {
    let between = if columns.is_empty() { 1 } else { 2 };
    let room = NAME_BYTES_MAX.saturating_sub(suffix.len() + between);
    let (mut one, mut two) = (table.len(), columns.len());
    while one + two > room {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let (one, two) = (cut(table, one), cut(columns, two));
    if two.is_empty() { format!("{one}_{suffix}") } else { format!("{one}_{two}_{suffix}") }
}

fn cut(name: &str, mut length: usize) -> &str {
    while !name.is_char_boundary(length) {
        length -= 1;
    }
    &name[..length]
}

/// The columns in the name of a foreign key: all of its own.
pub(super) fn of_foreign_key(it: &ast::ForeignKeyConstraint) -> String {
    let columns = it.from_columns().into_iter().flat_map(|list| list.column_name_refs());
    columns.map(|column| column.text()).collect::<Vec<_>>().join("_")
}

/// The column in the name of a check: the only one that it speaks of.
pub(super) fn of_check(it: &ast::CheckConstraint, is_column: impl Fn(&str) -> bool) -> String {
    let names = it.syntax().descendants().filter_map(ast::NameRef::cast).map(|name| name.text());
    let columns: BTreeSet<String> = names.filter(|name| is_column(name)).collect();
    let mut columns = columns.into_iter();
    columns.next().filter(|_| columns.next().is_none()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // Each as PostgreSQL 15 names it.
    #[rstest]
    #[case("tasks", "owner_id", "fkey", "tasks_owner_id_fkey")]
    #[case("tasks", "", "check", "tasks_check")]
    #[case(
        "a_table_with_quite_a_long_name_indeed",
        "a_column_with_quite_a_long_name_too",
        "fkey",
        "a_table_with_quite_a_long_nam_a_column_with_quite_a_long_n_fkey"
    )]
    fn as_the_server_names_it(
        #[case] table: &str,
        #[case] columns: &str,
        #[case] suffix: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(name(table, columns, suffix, |_| false), expected);
    }

    #[test]
    fn a_number_where_it_is_taken() {
        let taken = ["t_a_check", "t_a_check1"];
        assert_eq!(name("t", "a", "check", |name| taken.contains(&name)), "t_a_check2");
    }
}
