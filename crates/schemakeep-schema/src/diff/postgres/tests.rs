//! Drafts of schemas that are made up as values: the steps, in order, and the way back.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;

use super::{compare, draft, fix, possible_renames};
use crate::diff::{Draft, Rename, Running};
use crate::schema::postgres::{
    Aside, Column, Constraint, ConstraintKind, Enum, Index, Schema, Table, Value, View,
};
use schemakeep_files::directives::Compat;

fn column(place: i32, ty: &str) -> Column {
    let (place, ty) = (Aside(place), ty.to_owned());
    Column { place, ty, collation: None, not_null: false, value: Value::Nothing }
}

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn constraint(kind: ConstraintKind, definition: &str, columns: &[&str]) -> Constraint {
    let (definition, columns) = (definition.to_owned(), names(columns));
    Constraint { kind, definition, valid: true, columns, target: None }
}

fn index(definition: &str, columns: &[&str]) -> Index {
    let (definition, columns) = (definition.to_owned(), names(columns));
    Index { unique: false, definition, valid: true, columns }
}

/// One table, `books (id, title)`.
fn books() -> Schema {
    let mut id = column(1, "bigint");
    id.not_null = true;
    let mut table = Table::default();
    table.columns.insert("id".to_owned(), id);
    table.columns.insert("title".to_owned(), column(2, "character varying(20)"));
    let key = constraint(ConstraintKind::PrimaryKey, "PRIMARY KEY (id)", &["id"]);
    table.constraints.insert("books_pkey".to_owned(), key);
    Schema { tables: [("books".to_owned(), table)].into(), ..Schema::default() }
}

fn changed(change: impl FnOnce(&mut Table)) -> Schema {
    let mut schema = books();
    if let Some(table) = schema.tables.get_mut("books") {
        change(table);
    }
    schema
}

/// The draft with these renames.
fn given(from: &Schema, to: &Schema, renames: &[Rename]) -> Draft {
    draft(from, to, renames).unwrap_or_else(|why| panic!("{why}"))
}

fn between(from: &Schema, to: &Schema) -> Draft {
    given(from, to, &[])
}

/// Every step's up, with how it is run.
fn steps(draft: &Draft) -> Vec<(Running, Vec<&str>)> {
    let up = draft.steps.iter().map(|step| &step.up);
    up.map(|up| (up.running, up.statements.iter().map(String::as_str).collect())).collect()
}

#[test]
fn equal_schemas_need_nothing() {
    assert_eq!(between(&books(), &books()), Draft::default());
    assert_eq!(compare(&books(), &books()), []);
}

#[test]
fn the_order_of_columns_is_no_difference() {
    let other = changed(|table| {
        for column in table.columns.values_mut() {
            column.place.0 = 7 - column.place.0;
        }
    });
    assert_eq!(books(), other);
    assert_eq!(compare(&books(), &other), []);
}

#[test]
fn an_index_is_built_beside_the_readers() {
    let to = changed(|table| {
        table
            .indexes
            .insert("books_title_idx".to_owned(), index("USING btree (title)", &["title"]));
    });
    let forth = between(&books(), &to);
    let create = "CREATE INDEX CONCURRENTLY books_title_idx ON books (title)";
    assert_eq!(steps(&forth), [(Running::NoTransaction, vec![create])]);
    let down = &forth.steps[0].down;
    assert_eq!(down.statements, ["DROP INDEX CONCURRENTLY books_title_idx"]);
    assert_eq!((down.running, forth.steps[0].compat), (Running::NoTransaction, Compat::Additive));
}

#[test]
fn not_null_takes_three_steps() {
    let to = changed(|table| {
        if let Some(title) = table.columns.get_mut("title") {
            title.not_null = true;
        }
    });
    let forth = between(&books(), &to);
    let expected = [
        vec![
            "ALTER TABLE books ADD CONSTRAINT books_title_present CHECK (title IS NOT NULL) NOT VALID",
        ],
        vec!["ALTER TABLE books VALIDATE CONSTRAINT books_title_present"],
        vec![
            "ALTER TABLE books ALTER COLUMN title SET NOT NULL",
            "ALTER TABLE books DROP CONSTRAINT books_title_present",
        ],
    ];
    let expected: Vec<_> = expected.into_iter().map(|up| (Running::Transaction, up)).collect();
    assert_eq!(steps(&forth), expected);
    let back = between(&to, &books());
    assert_eq!(steps(&back)[0].1, ["ALTER TABLE books ALTER COLUMN title DROP NOT NULL"]);
}

#[test]
fn what_has_no_value_to_give_back_is_irreversible() {
    let from = changed(|table| {
        table.columns.insert("isbn".to_owned(), Column { not_null: true, ..column(3, "text") });
    });
    let gone = between(&from, &books());
    assert!(gone.steps[0].irreversible.is_some());
    assert_eq!(gone.steps[0].compat, Compat::Breaking);
    assert!(gone.warnings.iter().any(|warning| warning.contains("books.isbn")), "{gone:?}");
}

#[rstest]
#[case::wider("character varying(40)", 1, Compat::Additive)]
// What the release before writes may be no number.
#[case::rewritten("integer", 3, Compat::Breaking)]
fn a_type_that_is_stored_alike_is_changed_in_place(
    #[case] ty: &str,
    #[case] count: usize,
    #[case] compat: Compat,
) {
    let to = changed(|table| {
        table.columns.insert("title".to_owned(), column(2, ty));
    });
    let forth = between(&books(), &to);
    assert_eq!(forth.steps.len(), count, "{forth:?}");
    assert_eq!(forth.steps[0].compat, compat);
}

#[rstest]
#[case(&["a", "b"], &["a", "x", "b", "y"], Some(vec![" ADD VALUE 'x' AFTER 'a'", " ADD VALUE 'y' AFTER 'b'"]))]
#[case(&["a"], &["x", "y", "a"], Some(vec![" ADD VALUE 'x' BEFORE 'a'", " ADD VALUE 'y' AFTER 'x'"]))]
#[case(&["a", "b"], &["b", "a"], None)]
#[case(&["a", "b"], &["a"], None)]
fn values_are_added_at_their_place(
    #[case] old: &[&str],
    #[case] new: &[&str],
    #[case] expected: Option<Vec<&str>>,
) {
    let of = |labels: &[&str]| Schema {
        enums: [(
            "mood".to_owned(),
            Enum { labels: labels.iter().map(|label| (*label).to_owned()).collect() },
        )]
        .into(),
        ..Schema::default()
    };
    let forth = between(&of(old), &of(new));
    let up = forth.steps[0].up.statements.clone();
    match expected {
        Some(expected) => {
            let expected: Vec<_> =
                expected.iter().map(|it| format!("ALTER TYPE mood{it}")).collect();
            assert_eq!(up, expected);
        }
        // No column has it, so it is recreated.
        None => assert_eq!(up[0], "DROP TYPE mood"),
    }
}

#[test]
fn a_rename_is_only_done_when_it_is_given() {
    let to = changed(|table| {
        let title = table.columns.remove("title");
        table.columns.extend(title.map(|title| ("name".to_owned(), title)));
    });
    let suggested = possible_renames(&books(), &to);
    let column = Some("title".to_owned());
    let rename = Rename { table: "books".to_owned(), column, to: "name".to_owned() };
    assert_eq!(suggested, [rename]);
    let dropped = between(&books(), &to);
    assert!(dropped.warnings.iter().any(|it| it.contains("--rename books.title=name")));
    assert!(
        steps(&dropped).iter().any(|(_, up)| up.contains(&"ALTER TABLE books DROP COLUMN title"))
    );
    let renamed = given(&books(), &to, &suggested);
    let expected = ["ALTER TABLE books RENAME COLUMN title TO name"];
    assert_eq!(steps(&renamed), [(Running::Transaction, expected.to_vec())]);
    assert_eq!(renamed.steps[0].compat, Compat::Breaking);
    let wrong = draft(&books(), &books(), &suggested).unwrap_err();
    assert!(wrong.to_string().starts_with("column books.title: it cannot be renamed to name"));
}

#[test]
fn views_are_replaced_before_what_they_read_goes() {
    let read = |columns: &[&str]| View {
        materialised: false,
        definition: format!("SELECT {} FROM books", columns.join(", ")),
        options: BTreeSet::new(),
        columns: columns.iter().map(|it| ((*it).to_owned(), "text".to_owned())).collect(),
        uses: Aside(
            columns.iter().map(|it| ("books".to_owned(), Some((*it).to_owned()))).collect(),
        ),
        indexes: BTreeMap::new(),
        triggers: BTreeMap::new(),
    };
    let mut from = books();
    from.views.insert("all_books".to_owned(), read(&["id", "title"]));
    let mut to = changed(|table| {
        table.columns.remove("title");
    });
    to.views.insert("all_books".to_owned(), read(&["id"]));
    let forth = between(&from, &to);
    let all: Vec<&str> = steps(&forth).into_iter().flat_map(|(_, up)| up).collect();
    assert_eq!(
        all,
        [
            "DROP VIEW all_books",
            "CREATE VIEW all_books AS\nSELECT id FROM books",
            "ALTER TABLE books DROP COLUMN title"
        ]
    );
}

#[test]
fn a_difference_is_ended_either_way() {
    let found = changed(|table| {
        table.columns.insert("note".to_owned(), column(3, "text"));
        table.indexes.insert("books_note_idx".to_owned(), index("USING btree (note)", &["note"]));
    });
    let differences = compare(&books(), &found);
    let objects: Vec<String> = differences.iter().map(|it| it.object.to_string()).collect();
    assert_eq!(objects, ["column books.note", "index books.books_note_idx"]);
    let column = fix(&books(), &found, &differences[0]);
    assert_eq!(column.database, ["ALTER TABLE books DROP COLUMN note"]);
    assert_eq!(column.migration, ["ALTER TABLE books ADD COLUMN note text"]);
    let index = fix(&books(), &found, &differences[1]);
    assert_eq!(index.database, ["DROP INDEX CONCURRENTLY books_note_idx"]);
}

#[test]
fn a_partitioned_table_is_left_to_its_author() {
    let to = changed(|table| {
        table.special = Some("it is partitioned".to_owned());
    });
    let why = draft(&books(), &to, &[]).unwrap_err().to_string();
    assert!(why.starts_with("table books: it is partitioned"), "{why}");
}
