//! What the files before a statement have made of the schema, as far as costs depend on it: types, nullability,
//! checks, foreign keys and whose table an index is.

use std::collections::BTreeMap;

use squawk_syntax::ast::{self, AstNode, NameLike};

use super::{names, unnamed};

/// The tables that are known.
#[derive(Debug, Default)]
pub(super) struct Schema {
    tables: BTreeMap<String, Table>,
    indexes: BTreeMap<String, Index>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: BTreeMap<String, Column>,
    constraints: Vec<Known>,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    /// Its type as written, in small letters.
    pub(super) ty: String,
    pub(super) not_null: bool,
}

#[derive(Debug)]
struct Index {
    table: String,
    columns: Vec<String>,
}

/// A constraint whose presence changes what a statement costs.
#[derive(Debug)]
struct Known {
    name: String,
    valid: bool,
    kind: KnownKind,
}

#[derive(Debug)]
enum KnownKind {
    Check { text: String, not_null: Option<String> },
    ForeignKey { target: String },
}

impl Known {
    /// Whether it is a check that speaks of the column.
    fn speaks_of(&self, column: &str) -> bool {
        match &self.kind {
            KnownKind::Check { text, .. } => words(text).any(|word| word == column),
            KnownKind::ForeignKey { .. } => false,
        }
    }

    /// A check speaks of a column by its new name.
    fn follow(&mut self, from: &str, to: &str) {
        let KnownKind::Check { text, not_null } = &mut self.kind else { return };
        if not_null.as_deref() == Some(from) {
            *not_null = Some(to.to_owned());
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut followed = String::new();
        for part in text.split_inclusive(|c| !is_word(c)) {
            let word = part.trim_end_matches(|c| !is_word(c));
            followed += if word == from { to } else { word };
            followed += &part[word.len()..];
        }
        *text = followed;
    }
}

impl Schema {
    pub(super) fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.tables.get(table)?.columns.get(column)
    }

    /// Whether a column holds no null for certain: it is NOT NULL, or a validated check says so.
    pub(super) fn never_null(&self, table: &str, column: &str) -> bool {
        let Some(known) = self.tables.get(table) else { return false };
        let checked = known.constraints.iter().any(|constraint| {
            constraint.valid
                && matches!(&constraint.kind, KnownKind::Check { not_null: Some(of), .. } if of == column)
        });
        checked || known.columns.get(column).is_some_and(|column| column.not_null)
    }

    /// Whether a check of the table speaks of the column.
    pub(super) fn has_check_on(&self, table: &str, column: &str) -> bool {
        let speaks = |constraint: &Known| constraint.speaks_of(column);
        self.tables.get(table).is_some_and(|table| table.constraints.iter().any(speaks))
    }

    /// The other tables that the table's foreign keys refer to.
    pub(super) fn refers_to(&self, table: &str) -> Vec<&str> {
        let known = self.tables.get(table).into_iter().flat_map(|table| &table.constraints);
        let targets = known.filter_map(|constraint| match &constraint.kind {
            KnownKind::ForeignKey { target } if target != table => Some(target.as_str()),
            _ => None,
        });
        targets.collect()
    }

    /// The other tables whose foreign keys refer to the table.
    pub(super) fn referred_by(&self, table: &str) -> Vec<&str> {
        let names = self.tables.keys().map(String::as_str);
        names.filter(|name| self.refers_to(name).contains(&table)).collect()
    }

    /// The table of an index.
    pub(super) fn table_of(&self, index: &str) -> Option<&str> {
        Some(&self.indexes.get(index)?.table)
    }

    /// Whether a primary key may take this index over without reading the table.
    pub(super) fn index_never_null(&self, index: &str) -> bool {
        self.indexes.get(index).is_some_and(|index| {
            index.columns.iter().all(|column| self.never_null(&index.table, column))
        })
    }

    pub(super) fn apply(&mut self, stmt: &ast::Stmt) {
        match stmt {
            ast::Stmt::CreateTable(it) => self.create_table(it),
            ast::Stmt::CreateTableAs(it) => {
                if let Some(name) = names::new_table(it.table_name()) {
                    self.tables.insert(name, Table::default());
                }
            }
            ast::Stmt::CreateIndex(it) => {
                let on = names::relation(it.table_relation_name());
                if let (Some(name), Some(table)) = (names::new_index(it.index()), on) {
                    let items = it.partition_item_list();
                    let items = items.into_iter().flat_map(|items| items.partition_items());
                    let columns = items.map(|item| item.syntax().text().to_string().to_lowercase());
                    let index = Index { table, columns: columns.collect() };
                    self.indexes.insert(name, index);
                }
            }
            ast::Stmt::AlterIndex(it) => {
                let Some(ast::AlterIndexAction::IndexRenameTo(to)) = it.action() else { return };
                let (from, to) = (names::index(it.index_ref()), names::new_index(to.index()));
                if let (Some(from), Some(to)) = (from, to)
                    && let Some(index) = self.indexes.remove(&from)
                {
                    self.indexes.insert(to, index);
                }
            }
            ast::Stmt::DropTable(it) => {
                for name in it.table_name_refs().filter_map(|name| names::table(Some(name))) {
                    self.tables.remove(&name);
                    self.indexes.retain(|_, index| index.table != name);
                }
            }
            ast::Stmt::AlterTable(it) => {
                if let Some(name) = names::relation(it.table_relation_name()) {
                    for action in it.actions() {
                        self.alter(&name, &action);
                    }
                }
            }
            _ => {}
        }
    }

    fn create_table(&mut self, it: &ast::CreateTable) {
        let Some(name) = names::new_table(it.table_name()) else { return };
        let mut table = Table::default();
        for arg in it.table_arg_list().into_iter().flat_map(|args| args.args()) {
            match arg {
                ast::TableArg::Column(column) => {
                    let Some(column_name) = column.name().map(|name| name.text()) else { continue };
                    let ty = column.ty().map(|ty| text_of(&ty)).unwrap_or_default();
                    table.columns.insert(column_name.clone(), Column { ty, not_null: false });
                    let below = column.syntax().children().filter_map(ast::Constraint::cast);
                    for constraint in below {
                        table.add(&name, Some(&column_name), &constraint);
                    }
                }
                ast::TableArg::TableConstraint(it) => {
                    if let Some(constraint) = ast::Constraint::cast(it.syntax().clone()) {
                        table.add(&name, None, &constraint);
                    }
                }
                ast::TableArg::LikeClause(_) => {}
            }
        }
        self.tables.insert(name, table);
    }

    fn alter(&mut self, name: &str, action: &ast::AlterTableAction) {
        if let ast::AlterTableAction::TableRenameTo(it) = action {
            let to = names::new_table(it.table_name());
            if let (Some(table), Some(to)) = (self.tables.remove(name), to) {
                self.tables.insert(to.clone(), table);
                self.follow(name, &to);
            }
            return;
        }
        let table = self.tables.entry(name.to_owned()).or_default();
        match action {
            ast::AlterTableAction::AddColumn(it) => {
                let Some(column) = it.column_name().map(|name| name.text()) else { return };
                let ty = it.ty().map(|ty| text_of(&ty)).unwrap_or_default();
                table.columns.insert(column.clone(), Column { ty, not_null: false });
                for constraint in it.constraints() {
                    table.add(name, Some(&column), &constraint);
                }
            }
            ast::AlterTableAction::DropColumn(it) => {
                if let Some(column) = names::column(it.column_name_ref()) {
                    table.columns.remove(&column);
                    // They go with it.
                    table.constraints.retain(|constraint| !constraint.speaks_of(&column));
                }
            }
            ast::AlterTableAction::RenameColumn(it) => {
                let from = names::column(it.column_name_ref());
                let to = it.column_name().map(|name| name.text());
                if let (Some(from), Some(to)) = (from, to)
                    && let Some(column) = table.columns.remove(&from)
                {
                    table.columns.insert(to.clone(), column);
                    for constraint in &mut table.constraints {
                        constraint.follow(&from, &to);
                    }
                    let indexes = self.indexes.values_mut().filter(|index| index.table == name);
                    for named in indexes.flat_map(|index| &mut index.columns) {
                        if *named == from {
                            named.clone_from(&to);
                        }
                    }
                }
            }
            ast::AlterTableAction::AlterColumn(it) => {
                let Some(column) = names::column(it.column_name_ref()) else { return };
                let column = table.columns.entry(column).or_default();
                match it.option() {
                    Some(ast::AlterColumnOption::SetNotNull(_)) => column.not_null = true,
                    Some(ast::AlterColumnOption::DropNotNull(_)) => column.not_null = false,
                    Some(ast::AlterColumnOption::SetType(it)) => {
                        column.ty = it.ty().map(|ty| text_of(&ty)).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            ast::AlterTableAction::AddConstraint(it) => {
                if let Some(constraint) = it.constraint() {
                    table.add(name, None, &constraint);
                }
            }
            ast::AlterTableAction::DropConstraint(it) => {
                let gone = names::constraint(it.constraint_name_ref());
                table.constraints.retain(|constraint| Some(&constraint.name) != gone.as_ref());
            }
            ast::AlterTableAction::RenameConstraint(it) => {
                let from = names::constraint(it.constraint_name_ref());
                let is_it = |known: &&mut Known| Some(&known.name) == from.as_ref();
                if let Some(to) = it.constraint_name().map(|name| name.text())
                    && let Some(known) = table.constraints.iter_mut().find(is_it)
                {
                    known.name = to;
                }
            }
            ast::AlterTableAction::ValidateConstraint(it) => {
                let valid = names::constraint(it.constraint_name_ref());
                let is_it = |known: &&mut Known| Some(&known.name) == valid.as_ref();
                for constraint in table.constraints.iter_mut().filter(is_it) {
                    constraint.valid = true;
                }
            }
            _ => {}
        }
    }
}

impl Schema {
    /// Foreign keys and indexes speak of a table by its new name.
    fn follow(&mut self, from: &str, to: &str) {
        for constraint in self.tables.values_mut().flat_map(|table| &mut table.constraints) {
            if let KnownKind::ForeignKey { target } = &mut constraint.kind
                && target == from
            {
                to.clone_into(target);
            }
        }
        for index in self.indexes.values_mut().filter(|index| index.table == from) {
            to.clone_into(&mut index.table);
        }
    }
}

impl Table {
    fn add(&mut self, table: &str, column: Option<&str>, constraint: &ast::Constraint) {
        let mut not_null = Vec::new();
        let kind = match constraint {
            ast::Constraint::NotNullConstraint(_) => {
                not_null.extend(column.map(ToOwned::to_owned));
                None
            }
            ast::Constraint::PrimaryKeyConstraint(it) => {
                let below = it.syntax().descendants().filter_map(ast::NameRef::cast);
                not_null.extend(column.map(ToOwned::to_owned));
                not_null.extend(below.map(|name| name.text()));
                let columns = it.syntax().descendants().filter_map(ast::ColumnNameRef::cast);
                not_null.extend(columns.map(|name| name.text()));
                None
            }
            ast::Constraint::CheckConstraint(it) => {
                let text = it.expr().map(|expr| text_of(&expr)).unwrap_or_default();
                let not_null = not_null_of(&text);
                let columns = unnamed::of_check(it, |name| self.columns.contains_key(name));
                Some(("check", columns, KnownKind::Check { text, not_null }))
            }
            ast::Constraint::ForeignKeyConstraint(it) => {
                let target = names::table(it.table_name_ref());
                let columns = unnamed::of_foreign_key(it);
                target.map(|target| ("fkey", columns, KnownKind::ForeignKey { target }))
            }
            ast::Constraint::ReferencesConstraint(it) => {
                let (target, column) = (names::table(it.table()), column.unwrap_or_default());
                target.map(|target| ("fkey", column.to_owned(), KnownKind::ForeignKey { target }))
            }
            _ => None,
        };
        for column in not_null {
            self.columns.entry(column).or_default().not_null = true;
        }
        let Some((suffix, columns, kind)) = kind else { return };
        let given = constraint.constraint_name().map(|name| name.text());
        let is_taken = |name: &str| self.constraints.iter().any(|known| known.name == name);
        let name = given.unwrap_or_else(|| unnamed::name(table, &columns, suffix, is_taken));
        self.constraints.push(Known { name, valid: !constraint.is_not_valid(), kind });
    }
}

/// The column of `column IS NOT NULL`, where that is all that a check says.
fn not_null_of(text: &str) -> Option<String> {
    let plain = text.trim_matches(|c: char| c == '(' || c == ')' || c.is_whitespace());
    let column = plain.strip_suffix("is not null")?.trim().trim_matches('"');
    words(column).eq([column]).then(|| column.to_owned())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A node's text in small letters, with single blanks.
pub(super) fn text_of(node: &impl AstNode) -> String {
    let text = node.syntax().text().to_string().to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
