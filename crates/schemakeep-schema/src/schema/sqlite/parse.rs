//! Statements of `sqlite_schema`, taken apart with the parser's tree.

use sqlite3_parser::ast::{
    Cmd, ColumnConstraint, ColumnDefinition, CreateTableBody, DeferSubclause, Expr,
    ForeignKeyClause, InitDeferredPred, Literal, RefAct, RefArg, ResolveType, SortOrder,
    SortedColumn, Stmt, TabFlags, TableConstraint, TriggerTime, Type, TypeSize, UnaryOperator,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::name::{Aside, Name};
use super::sql::{self, Known, Sql, collapsed};
use super::{
    Column, Constraint, ForeignKey, Generated, Index, Key, KeyColumn, Row, Rule, Schema, Table,
    Trigger, VirtualTable,
};

fn unquoted(name: &sqlite3_parser::ast::Name<'_>) -> Name {
    Name::unquoted(name.0)
}

/// A table or virtual table.
pub(super) fn table(schema: &mut Schema, row: &Row) {
    let bump = Bump::new();
    let name = Name::new(row.name.as_str());
    let read = match Parser::new(&bump, row.statement.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(Stmt::CreateVirtualTable { module_name, args, .. }))) => {
            let arguments = args.unwrap_or_default().iter().map(|it| collapsed(it)).collect();
            let module = unquoted(&module_name).folded();
            let statement = Aside(row.statement.clone());
            schema.virtual_tables.insert(name, VirtualTable { module, arguments, statement });
            return;
        }
        Ok(Some(Cmd::Stmt(Stmt::CreateTable { body, .. }))) => of_body(&name, &body),
        _ => None,
    };
    let mut table = read
        .unwrap_or_else(|| Table { opaque: Some(collapsed(&row.statement)), ..Table::default() });
    table.statement = Aside(Some(row.statement.clone()));
    schema.tables.insert(name, table);
}

fn of_body(name: &Name, body: &CreateTableBody<'_>) -> Option<Table> {
    let CreateTableBody::ColumnsAndConstraints { columns, constraints, flags } = body else {
        return None;
    };
    let names: Vec<_> = columns.iter().map(|column| unquoted(&column.col_name)).collect();
    let is_name = |word: &str| {
        let word = Name::new(word);
        names.contains(&word) || word == *name
    };
    let known = Known { is_name: &is_name, all: true };
    let mut table = Table {
        order: Aside(names.clone()),
        strict: flags.contains(TabFlags::Strict),
        without_rowid: flags.contains(TabFlags::WithoutRowid),
        ..Table::default()
    };
    for definition in columns {
        column(&mut table, definition, known)?;
    }
    for named in constraints.unwrap_or_default() {
        let rule = of_table(&named.constraint, known)?;
        table.constraints.insert(Constraint { name: named.name.as_ref().map(unquoted), rule });
    }
    settle(&mut table);
    Some(table)
}

fn column(table: &mut Table, definition: &ColumnDefinition<'_>, known: Known<'_>) -> Option<()> {
    let name = unquoted(&definition.col_name);
    let declared = definition.col_type.as_ref().map(declared).unwrap_or_default();
    let mut column = Column { declared, ..Column::default() };
    let mut keys: Vec<Constraint> = Vec::new();
    for named in definition.constraints {
        let rule = match &named.constraint {
            ColumnConstraint::NotNull { nullable, conflict_clause } => {
                column.not_null |= !nullable;
                column.null_conflict = conflict(*conflict_clause).filter(|_| !nullable);
                continue;
            }
            ColumnConstraint::Default(expr) => {
                column.default = default(expr)?;
                continue;
            }
            ColumnConstraint::Collate { collation_name } => {
                let name = unquoted(collation_name);
                column.collation = Some(name).filter(|name| *name != Name::new("binary"));
                continue;
            }
            ColumnConstraint::Generated { expr, typ } => {
                let stored = typ.as_ref().is_some_and(|it| it.0.eq_ignore_ascii_case("stored"));
                let expression = sql::expression(expr, known)?;
                column.generated = Some(Generated { expression, stored });
                continue;
            }
            ColumnConstraint::Defer(clause) => {
                if let Some(Constraint { rule: Rule::ForeignKey(key), .. }) = keys.last_mut() {
                    key.deferred = is_deferred(clause);
                }
                continue;
            }
            ColumnConstraint::PrimaryKey { order, conflict_clause, auto_increment } => {
                let descending = *order == Some(SortOrder::Desc);
                Rule::PrimaryKey {
                    key: key_of(&name, descending, *conflict_clause),
                    autoincrement: *auto_increment,
                    // https://sqlite.org/lang_createtable.html: DESC here, by an old mistake, makes it none.
                    rowid: !descending,
                }
            }
            ColumnConstraint::Unique(clause) => Rule::Unique(key_of(&name, false, *clause)),
            ColumnConstraint::Check(expr) => Rule::Check(sql::expression(expr, known)?),
            ColumnConstraint::ForeignKey { clause, defer_clause } => {
                Rule::ForeignKey(foreign_key(vec![name.clone()], clause, defer_clause.as_ref()))
            }
        };
        keys.push(Constraint { name: named.name.as_ref().map(unquoted), rule });
    }
    table.constraints.extend(keys);
    table.columns.insert(name, column);
    Some(())
}

fn key_of(column: &Name, descending: bool, clause: Option<ResolveType>) -> Key {
    let column = KeyColumn { name: column.clone(), collation: None, descending };
    Key { columns: vec![column], conflict: conflict(clause) }
}

fn of_table(constraint: &TableConstraint<'_>, known: Known<'_>) -> Option<Rule> {
    Some(match constraint {
        TableConstraint::PrimaryKey { columns, auto_increment, conflict_clause } => {
            Rule::PrimaryKey {
                key: key(columns, *conflict_clause)?,
                autoincrement: *auto_increment,
                rowid: true,
            }
        }
        TableConstraint::Unique { columns, conflict_clause } => {
            Rule::Unique(key(columns, *conflict_clause)?)
        }
        // SQLite reads a conflict clause here, and aborts whatever it says.
        TableConstraint::Check(expr, _) => Rule::Check(sql::expression(expr, known)?),
        TableConstraint::ForeignKey { columns, clause, defer_clause } => {
            let columns = columns.iter().map(|column| unquoted(&column.col_name)).collect();
            Rule::ForeignKey(foreign_key(columns, clause, defer_clause.as_ref()))
        }
    })
}

fn key(columns: &[SortedColumn<'_>], clause: Option<ResolveType>) -> Option<Key> {
    let column = |sorted: &SortedColumn<'_>| {
        let (expr, collation) = match &sorted.expr {
            Expr::Collate(inner, collation) => (*inner, Some(Name::unquoted(collation))),
            expr => (expr, None),
        };
        let name = match expr {
            Expr::Id(id) => Name::unquoted(id.0),
            Expr::Name(name) => unquoted(name),
            Expr::Literal(Literal::String(text)) => Name::unquoted(text),
            _ => return None,
        };
        Some(KeyColumn { name, collation, descending: sorted.order == Some(SortOrder::Desc) })
    };
    let columns = columns.iter().map(column).collect::<Option<_>>()?;
    Some(Key { columns, conflict: conflict(clause) })
}

fn foreign_key(
    columns: Vec<Name>,
    clause: &ForeignKeyClause<'_>,
    defer: Option<&DeferSubclause>,
) -> ForeignKey {
    let references: Vec<_> =
        clause.columns.unwrap_or_default().iter().map(|it| unquoted(&it.col_name)).collect();
    let mut key = ForeignKey {
        columns,
        table: unquoted(&clause.tbl_name),
        implicit: Aside(references.is_empty()),
        references,
        on_delete: None,
        on_update: None,
        deferred: defer.is_some_and(is_deferred),
    };
    for arg in clause.args {
        match arg {
            RefArg::OnDelete(act) => key.on_delete = action(*act),
            RefArg::OnUpdate(act) => key.on_update = action(*act),
            RefArg::OnInsert(_) | RefArg::Match(_) => {}
        }
    }
    key
}

fn is_deferred(clause: &DeferSubclause) -> bool {
    let initially = clause.init_deferred.as_ref();
    clause.deferrable && matches!(initially, Some(InitDeferredPred::InitiallyDeferred))
}

fn action(act: RefAct) -> Option<&'static str> {
    match act {
        RefAct::SetNull => Some("SET NULL"),
        RefAct::SetDefault => Some("SET DEFAULT"),
        RefAct::Cascade => Some("CASCADE"),
        RefAct::Restrict => Some("RESTRICT"),
        RefAct::NoAction => None,
    }
}

fn conflict(clause: Option<ResolveType>) -> Option<String> {
    let word = match clause? {
        ResolveType::Abort => return None,
        ResolveType::Rollback => "ROLLBACK",
        ResolveType::Fail => "FAIL",
        ResolveType::Ignore => "IGNORE",
        ResolveType::Replace => "REPLACE",
    };
    Some(word.to_owned())
}

fn declared(ty: &Type<'_>) -> String {
    let words = ty.name.split_whitespace().map(|word| Name::unquoted(word).as_str().to_uppercase());
    let name = words.collect::<Vec<_>>().join(" ");
    match &ty.size {
        None => name,
        Some(TypeSize::MaxSize(size)) => format!("{name}({size})"),
        Some(TypeSize::TypeSize(one, two)) => format!("{name}({one}, {two})"),
    }
}

/// What stands after DEFAULT; inside, none where it is NULL, as without one.
#[expect(clippy::option_option, reason = "unreadable, or no default, or one")]
fn default(expr: &Expr<'_>) -> Option<Option<Sql>> {
    let text = |text: &str| {
        let text = format!("'{}'", Name::unquoted(text).as_str().replace('\'', "''"));
        Sql::new(text.clone(), text)
    };
    let expr = match sql::bare(expr) {
        Expr::Unary(UnaryOperator::Positive, inner) => sql::bare(inner),
        other => other,
    };
    let word = match expr {
        Expr::Id(id) => Some(id.0),
        Expr::Name(name) => Some(name.0),
        _ => None,
    };
    if let Some(word) = word {
        let folded = word.to_ascii_lowercase();
        let is_truth = matches!(folded.as_str(), "true" | "false");
        // There is no column to mean: any other word is a text.
        return Some(Some(if is_truth { Sql::new(word, folded) } else { text(word) }));
    }
    let found = sql::expression(expr, Known { is_name: &|_| false, all: true })?;
    Some(match expr {
        Expr::Literal(Literal::Null) => None,
        Expr::Literal(_) | Expr::Unary(UnaryOperator::Negative, Expr::Literal(_)) => Some(found),
        _ => Some(Sql::new(format!("({})", found.text()), format!("({})", found.canonical()))),
    })
}

/// Takes away what is said by something else already.
fn settle(table: &mut Table) {
    let mut key_columns = Vec::new();
    let constraints = std::mem::take(&mut table.constraints);
    for mut constraint in constraints {
        if let Rule::PrimaryKey { key, .. } | Rule::Unique(key) = &mut constraint.rule {
            for column in &mut key.columns {
                let own = table.columns.get(&column.name).and_then(|it| it.collation.clone());
                column.collation = collation_beside(column.collation.take(), own.as_ref());
            }
        }
        if let Rule::PrimaryKey { key, rowid, .. } = &mut constraint.rule {
            let is_integer = |column: &KeyColumn| {
                table.columns.get(&column.name).is_some_and(|it| it.declared == "INTEGER")
            };
            let single = matches!(key.columns.as_slice(), [one] if is_integer(one));
            *rowid &= single && !table.without_rowid;
            if *rowid {
                // Nothing is sorted by it: it is the row's own number.
                key.columns.iter_mut().for_each(|column| column.descending = false);
            }
            if *rowid || table.strict || table.without_rowid {
                key_columns = key.columns.iter().map(|column| column.name.clone()).collect();
            }
        }
        table.constraints.insert(constraint);
    }
    for name in key_columns {
        if let Some(column) = table.columns.get_mut(&name)
            && column.null_conflict.is_none()
        {
            column.not_null = false;
        }
    }
}

/// A collation, where it is not the column's own.
fn collation_beside(collation: Option<Name>, own: Option<&Name>) -> Option<Name> {
    let binary = Name::new("BINARY");
    collation.filter(|it| it != own.unwrap_or(&binary))
}

/// An index that has a statement.
pub(super) fn index(schema: &mut Schema, row: &Row) {
    let bump = Bump::new();
    let parsed = Parser::new(&bump, row.statement.as_bytes()).next();
    let Some(table) = schema.tables.get_mut(&Name::new(row.table.as_str())) else { return };
    let read = match &parsed {
        Ok(Some(Cmd::Stmt(Stmt::CreateIndex { unique, columns, where_clause, .. }))) => {
            of_index(table, *unique, columns, where_clause.as_ref())
        }
        _ => None,
    };
    let index = read.unwrap_or_else(|| Index {
        unique: false,
        columns: vec![Sql::new(row.statement.as_str(), collapsed(&row.statement))],
        predicate: None,
        statement: Aside(String::new()),
    });
    let index = Index { statement: Aside(row.statement.clone()), ..index };
    table.indexes.insert(Name::new(row.name.as_str()), index);
}

fn of_index(
    table: &Table,
    unique: bool,
    columns: &[SortedColumn<'_>],
    predicate: Option<&Expr<'_>>,
) -> Option<Index> {
    let is_name = |name: &str| table.columns.contains_key(&Name::new(name));
    let known = Known { is_name: &is_name, all: true };
    let column = |sorted: &SortedColumn<'_>| {
        let (expr, collation) = match &sorted.expr {
            Expr::Collate(inner, collation) => (sql::bare(inner), Some(Name::unquoted(collation))),
            expr => (sql::bare(expr), None),
        };
        let part = sql::expression(expr, known)?;
        let own = table.columns.get(&Name::unquoted(part.text()));
        let own = own.and_then(|column| column.collation.as_ref());
        let collation = collation_beside(collation, own);
        let collation = collation.map(|it| format!(" COLLATE {it}")).unwrap_or_default();
        let order = if sorted.order == Some(SortOrder::Desc) { " DESC" } else { "" };
        let whole = |text: &str, collation: &str| format!("{text}{collation}{order}");
        let canonical = whole(part.canonical(), &collation.to_ascii_lowercase());
        Some(Sql::new(whole(part.text(), &collation), canonical))
    };
    let columns = columns.iter().map(column).collect::<Option<_>>()?;
    let predicate = match predicate {
        None => None,
        Some(expr) => Some(sql::expression(expr, known)?),
    };
    Some(Index { unique, columns, predicate, statement: Aside(String::new()) })
}

pub(super) fn program(schema: &mut Schema, row: &Row, known: Known<'_>) {
    let bump = Bump::new();
    let name = Name::new(row.name.as_str());
    let parsed = Parser::new(&bump, row.statement.as_bytes()).next();
    let definition = match parsed {
        Ok(Some(mut cmd)) => {
            if let Cmd::Stmt(Stmt::CreateTrigger { time, for_each_row, .. }) = &mut cmd {
                // Both are what SQLite does without them.
                *for_each_row = false;
                time.get_or_insert(TriggerTime::Before);
            }
            sql::statement(&row.statement, &cmd, known)
        }
        _ => Sql::new(row.statement.as_str(), collapsed(&row.statement)),
    };
    if row.kind == "view" {
        schema.views.insert(name, definition);
    } else {
        let table = Name::new(row.table.as_str());
        schema.triggers.insert(name, Trigger { table, definition });
    }
}
