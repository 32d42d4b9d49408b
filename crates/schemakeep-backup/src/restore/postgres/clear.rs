//! What is in the schema that a restore replaces, and its removal within the restore's transaction.

use std::collections::BTreeSet;

use super::super::RestoreError;
use super::Failure;
use schemakeep::run::attempt;
use schemakeep_db::Dialect;
use schemakeep_db::cause;
use schemakeep_db::connection::Session;

/// How many of the objects that stand in the way an error names.
const LISTED_NAMES_MAX: usize = 5;

/// What is removed: extensions and default rights lie in a schema too, and stay. Statistics go with their table.
const KINDS: &str = "'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, \
     'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_opclass'::regclass, \
     'pg_catalog.pg_opfamily'::regclass, 'pg_catalog.pg_collation'::regclass, 'pg_catalog.pg_conversion'::regclass, \
     'pg_catalog.pg_ts_config'::regclass, 'pg_catalog.pg_ts_dict'::regclass, \
     'pg_catalog.pg_ts_parser'::regclass, 'pg_catalog.pg_ts_template'::regclass";

/// A schema of the database, by name.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) name: String,
}

impl Schema {
    fn literal(&self) -> String {
        Dialect::Postgres.quoted(&self.name)
    }

    /// Its name as an identifier.
    pub(super) fn identifier(&self) -> String {
        identifier(&self.name)
    }

    /// `schema.table`, both quoted.
    pub(super) fn qualified(&self, table: &str) -> String {
        format!("{}.{}", self.identifier(), identifier(table))
    }

    /// These of its tables, qualified, as a list.
    pub(super) fn all(&self, tables: &[String]) -> String {
        tables.iter().map(|table| self.qualified(table)).collect::<Vec<_>>().join(", ")
    }

    /// Whether it is there.
    pub(super) async fn exists(&self, session: &mut Session) -> Result<bool, sqlx::Error> {
        let query = "SELECT 'x' FROM pg_catalog.pg_namespace WHERE nspname =";
        Ok(session.value(format!("{query} {}", self.literal())).await?.is_some())
    }

    /// Whether the search path begins with it, though it may not be there.
    pub(super) async fn is_first(&self, session: &mut Session) -> Result<bool, sqlx::Error> {
        let path = session.value("SELECT current_setting('search_path')").await?;
        let path = path.unwrap_or_default();
        let first = path.split(',').next().unwrap_or_default().trim();
        Ok(first == self.name || first == self.identifier())
    }

    /// Whether anything is in it that is no part of an extension.
    pub(super) async fn is_empty(&self, session: &mut Session) -> Result<bool, sqlx::Error> {
        Ok(session.rows(self.members("'x'")).await?.is_empty())
    }

    /// Its tables, by name.
    pub(super) async fn tables(&self, session: &mut Session) -> Result<Vec<String>, sqlx::Error> {
        let query = format!(
            "SELECT CAST(c.relname AS text) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND NOT EXISTS (\
             SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass \
             AND e.objid = c.oid AND e.deptype = 'e') ORDER BY c.oid",
            self.literal()
        );
        let rows = session.rows(query).await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// A query with a row for each object that lies in the schema and belongs to no extension and to no
    /// other object.
    fn members(&self, column: &str) -> String {
        format!(
            "SELECT {column} FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid, \
             LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o \
             WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND n.nspname = {} \
             AND d.deptype = 'n' AND d.objsubid = 0 AND d.classid IN ({KINDS}) AND NOT EXISTS (\
             SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid \
             AND e.objsubid = 0 AND e.deptype IN ('e', 'i')) \
             ORDER BY o.type <> 'table', d.objid",
            self.literal()
        )
    }

    /// Removes all that is in it. What lies elsewhere and needs something of it would go too: then nothing
    /// goes, and the error names it.
    pub(super) async fn clear(&self, session: &mut Session) -> Result<(), Failure> {
        let clearing = || {
            |error: sqlx::Error| {
                if attempt::is_lock_conflict(&error) {
                    Failure::Blocked(cause(&error))
                } else {
                    let doing = "removing what the restore replaces";
                    Failure::Failed(RestoreError::database(doing)(error))
                }
            }
        };
        let before = self.outside(session).await.map_err(clearing())?;
        let drops = self.members("format('DROP %s IF EXISTS %s CASCADE', o.type, o.identity)");
        let drops = session.rows(drops).await.map_err(clearing())?;
        for drop in drops.into_iter().flatten().flatten() {
            session.execute(drop).await.map_err(clearing())?;
        }
        let after = self.outside(session).await.map_err(clearing())?;
        let gone: Vec<&str> =
            before.difference(&after).map(String::as_str).take(LISTED_NAMES_MAX).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let (schema, others) = (self.name.clone(), gone.join(", "));
        Err(Failure::Failed(RestoreError::Outsiders { schema, others }))
    }

    /// What the database has outside of the schema that could depend on something in it.
    async fn outside(&self, session: &mut Session) -> Result<BTreeSet<String>, sqlx::Error> {
        let relation =
            format!("relnamespace <> coalesce(to_regnamespace({0}), 0::oid)", self.quoted());
        let query = format!(
            "SELECT 'relation ' || oid::regclass FROM pg_catalog.pg_class \
             WHERE {relation} AND relkind <> 't' AND oid >= 16384 \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indexrelid = pg_class.oid \
             AND x.indrelid IN (SELECT t.oid FROM pg_catalog.pg_class t WHERE t.relkind = 't')) \
             UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = attrelid \
             WHERE {relation} AND c.oid >= 16384 AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c') \
             UNION ALL SELECT 'default of ' || adrelid::regclass || ' ' || adnum FROM pg_catalog.pg_attrdef \
             JOIN pg_catalog.pg_class c ON c.oid = adrelid WHERE {relation} \
             UNION ALL SELECT 'constraint ' || conname || ' of ' || conrelid::regclass FROM pg_catalog.pg_constraint \
             JOIN pg_catalog.pg_class c ON c.oid = conrelid WHERE {relation} \
             UNION ALL SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass FROM pg_catalog.pg_trigger \
             JOIN pg_catalog.pg_class c ON c.oid = tgrelid WHERE {relation} AND NOT tgisinternal \
             UNION ALL SELECT 'policy ' || polname || ' of ' || polrelid::regclass FROM pg_catalog.pg_policy \
             JOIN pg_catalog.pg_class c ON c.oid = polrelid WHERE {relation} \
             UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_catalog.pg_proc \
             WHERE oid >= 16384 AND pronamespace <> coalesce(to_regnamespace({0}), 0::oid) \
             UNION ALL SELECT 'type ' || oid::regtype FROM pg_catalog.pg_type \
             WHERE oid >= 16384 AND typrelid = 0 AND typelem = 0 \
             AND typnamespace <> coalesce(to_regnamespace({0}), 0::oid) \
             UNION ALL SELECT 'extension ' || extname FROM pg_catalog.pg_extension \
             UNION ALL SELECT 'event trigger ' || evtname FROM pg_catalog.pg_event_trigger \
             UNION ALL SELECT 'table ' || prrelid::regclass || ' of publication ' || pubname \
             FROM pg_catalog.pg_publication_rel JOIN pg_catalog.pg_publication p ON p.oid = prpubid",
            self.quoted()
        );
        let rows = session.rows(query).await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// The identifier as a literal, for `to_regnamespace`.
    fn quoted(&self) -> String {
        Dialect::Postgres.quoted(&self.identifier())
    }
}

/// A name, quoted.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
