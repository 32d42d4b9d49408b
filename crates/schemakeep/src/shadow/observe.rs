//! What the server shows of one backend before and after a statement, and the difference.
//!
//! Measured on PostgreSQL 15, inside the statement's own transaction: the internal scans of `ALTER TABLE`
//! (checks, NOT NULL, foreign keys, rewrites) and of index builds do count in `pg_stat_xact_user_tables`, so
//! they need no trick; a rewrite is a new file (`pg_relation_filenode`); locks stay until the transaction
//! ends, so none is missed.
//!
//! Limits. A scan is one that read as many rows as the table has, by heap or by index; of a table without
//! rows, any sequential scan. Plans of the rehearsal's small tables are not those of large ones: where an
//! index can serve, it is taken to do so (`enable_seqscan`). What runs outside a transaction is seen by
//! `alone`.

use std::collections::{BTreeMap, BTreeSet};

use super::{ObservedLock, ObservedStatement};
use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

/// Modes from weak to strong: as `pg_locks` and as `LOCK TABLE` name them.
const MODES: [(&str, &str); 8] = [
    ("AccessShareLock", "ACCESS SHARE"),
    ("RowShareLock", "ROW SHARE"),
    ("RowExclusiveLock", "ROW EXCLUSIVE"),
    ("ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"),
    ("ShareLock", "SHARE"),
    ("ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"),
    ("ExclusiveLock", "EXCLUSIVE"),
    ("AccessExclusiveLock", "ACCESS EXCLUSIVE"),
];

/// A relation's number in the catalogue.
pub(super) type Oid = u32;

/// A lock mode by its place in [`MODES`]: the greater, the stronger.
pub(super) type Mode = usize;

/// Locks of one backend.
pub(super) type Locks = BTreeSet<(Oid, Mode)>;

/// How `LOCK TABLE` names a mode.
pub(super) fn name_of(mode: Mode) -> &'static str {
    MODES.get(mode).map_or("?", |(_, name)| name)
}

/// A table, view or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    /// With its schema's name in front unless that is the rehearsal's.
    pub(super) name: String,
    /// Of an index, its table.
    pub(super) table: Option<Oid>,
    /// Whether its schema is the rehearsal's.
    pub(super) ours: bool,
    pub(super) file: Option<String>,
}

/// What has been read from and written to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) scans: i64,
    pub(super) read: i64,
    pub(super) inserted: i64,
    pub(super) changed: i64,
    pub(super) deleted: i64,
}

/// One look.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) relations: BTreeMap<Oid, Relation>,
    pub(super) locks: Locks,
    pub(super) traffic: BTreeMap<Oid, Traffic>,
}

impl Look {
    /// Looks from within the transaction.
    pub(super) async fn inside(session: &mut Session, schema: &str) -> Result<Self, sqlx::Error> {
        Ok(Self {
            relations: relations(session, schema).await?,
            locks: locks(session, "pg_backend_pid()").await?,
            traffic: traffic(session, "pg_stat_xact_user_tables").await?,
        })
    }

    /// Looks from another connection, or between transactions: without locks.
    pub(super) async fn outside(session: &mut Session, schema: &str) -> Result<Self, sqlx::Error> {
        Ok(Self {
            relations: relations(session, schema).await?,
            locks: Locks::new(),
            traffic: traffic(session, "pg_stat_user_tables").await?,
        })
    }

    fn traffic_since(&self, before: &Self, oid: Oid) -> Traffic {
        let one = self.traffic.get(&oid).copied().unwrap_or_default();
        let other = before.traffic.get(&oid).copied().unwrap_or_default();
        Traffic {
            scans: one.scans - other.scans,
            read: one.read - other.read,
            inserted: one.inserted - other.inserted,
            changed: one.changed - other.changed,
            deleted: one.deleted - other.deleted,
        }
    }
}

async fn relations(
    session: &mut Session,
    schema: &str,
) -> Result<BTreeMap<Oid, Relation>, sqlx::Error> {
    let ours = format!("n.nspname = {}", Dialect::Postgres.quoted(schema));
    let rows = session
        .rows(format!(
            "SELECT CAST(c.oid AS text), CASE WHEN {ours} THEN '' ELSE n.nspname || '.' END || c.relname, \
             CAST(i.indrelid AS text), CASE WHEN {ours} THEN 'ours' END, \
             CAST(pg_relation_filenode(c.oid) AS text) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
             WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I') AND n.nspname !~ '^pg_' \
             AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
             WHERE e.classid = CAST('pg_catalog.pg_class' AS regclass) AND e.objid = c.oid AND e.deptype = 'e')",
        ))
        .await?;
    let relation = |row: Vec<Option<String>>| {
        let [oid, name, table, ours, file] = <[Option<String>; 5]>::try_from(row).ok()?;
        let table = table.and_then(|table| table.parse().ok());
        let relation = Relation { name: name?, table, ours: ours.is_some(), file };
        Some((oid?.parse().ok()?, relation))
    };
    Ok(rows.into_iter().filter_map(relation).collect())
}

/// Locks on relations that a backend has, or waits for.
pub(super) async fn locks(session: &mut Session, pid: &str) -> Result<Locks, sqlx::Error> {
    let query = format!(
        "SELECT CAST(relation AS text), mode FROM pg_catalog.pg_locks WHERE locktype = 'relation' \
         AND pid = {pid} AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    );
    let lock = |row: Vec<Option<String>>| {
        let [oid, mode] = <[Option<String>; 2]>::try_from(row).ok()?;
        let mode = mode?;
        let mode = MODES.iter().position(|(name, _)| *name == mode)?;
        Some((oid?.parse().ok()?, mode))
    };
    Ok(session.rows(query).await?.into_iter().filter_map(lock).collect())
}

async fn traffic(session: &mut Session, view: &str) -> Result<BTreeMap<Oid, Traffic>, sqlx::Error> {
    let query = format!(
        "SELECT CAST(relid AS text), CAST(coalesce(seq_scan, 0) AS text), \
         CAST(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS text), \
         CAST(coalesce(n_tup_ins, 0) AS text), CAST(coalesce(n_tup_upd, 0) AS text), \
         CAST(coalesce(n_tup_del, 0) AS text) FROM pg_catalog.{view}"
    );
    let entry = |row: Vec<Option<String>>| {
        let numbers: Vec<i64> = row.into_iter().map(|n| n?.parse().ok()).collect::<Option<_>>()?;
        let [oid, scans, read, inserted, changed, deleted] = numbers.try_into().ok()?;
        let traffic = Traffic { scans, read, inserted, changed, deleted };
        Some((Oid::try_from(oid).ok()?, traffic))
    };
    Ok(session.rows(query).await?.into_iter().filter_map(entry).collect())
}

/// What was there when the file, or the statement that stands alone, began: nobody sees the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning {
    pub(super) look: Look,
    /// The rows of each table.
    pub(super) rows: BTreeMap<String, u64>,
}

/// What a statement did, and what it held while it did so.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) statement: ObservedStatement,
    /// The strongest lock on each table while it ran, those from earlier statements too.
    pub(super) held: BTreeMap<String, Mode>,
    /// Tables that are gone.
    pub(super) dropped: Vec<String>,
    /// Tables that were emptied at once.
    pub(super) emptied: Vec<String>,
}

/// The difference between two looks, with the locks that were taken between them.
pub(super) fn seen(beginning: &Beginning, before: &Look, after: &Look, first_word: &str) -> Seen {
    let visible = &beginning.look.relations;
    let tables = || visible.iter().filter(|(_, r)| r.ours && r.table.is_none());
    let mut seen = Seen::default();
    let name = |oid: &Oid| before.relations.get(oid).map(|relation| relation.name.clone());
    let strongest = |locks: &mut dyn Iterator<Item = &(Oid, Mode)>, oid: &Oid| {
        locks.filter(|(of, _)| of == oid).map(|(_, mode)| *mode).max()
    };
    for (oid, _) in tables() {
        let Some(name) = name(oid) else { continue };
        let file = |look: &Look| look.relations.get(oid).map(|relation| relation.file.clone());
        if let Some(mode) = strongest(&mut after.locks.difference(&before.locks), oid) {
            let lock = ObservedLock { table: name.clone(), mode: name_of(mode) };
            seen.statement.locks.push(lock);
        }
        if let Some(mode) = strongest(&mut after.locks.iter(), oid) {
            seen.held.insert(name.clone(), mode);
        }
        let rewritten = file(after).is_some_and(|new| Some(new) != file(before));
        if !after.relations.contains_key(oid) {
            seen.dropped.push(name);
            continue;
        }
        let since = before.traffic_since(&beginning.look, *oid);
        let first = beginning.rows.get(&visible[oid].name).copied().unwrap_or_default();
        let rows = i64::try_from(first).unwrap_or(i64::MAX) + since.inserted - since.deleted;
        let did = after.traffic_since(before, *oid);
        if rewritten && first_word == "TRUNCATE" {
            seen.emptied.push(name.clone());
        } else if did.scans > 0 && rows == 0 || did.read > 0 && did.read >= rows {
            seen.statement.scans.push(name.clone());
        }
        if rows > 0 && did.changed + did.deleted >= rows {
            seen.statement.changes.push(name.clone());
        }
        if rewritten {
            seen.statement.rewrites.push(name);
        }
    }
    // By name: an index on a column of another type is dropped and recreated.
    let index = |look: &Look, name: &str| {
        let mut all = look.relations.values().filter(|r| r.ours && r.table.is_some());
        all.find(|relation| relation.name == name).map(|relation| relation.file.clone())
    };
    for relation in visible.values().filter(|r| r.ours && r.table.is_some()) {
        let (old, new) = (index(before, &relation.name), index(after, &relation.name));
        if old.is_some() && new.is_some() && old != new {
            seen.statement.rewrites.push(relation.name.clone());
        }
    }
    seen
}
