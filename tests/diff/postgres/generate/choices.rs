//! The names, types and expressions that schemas are made up from.

use super::model::Family::{
    self, Bytes, Choice, Json, Key, Number, Numbers, Text, Texts, Time, Truth, Uuid,
};

pub(super) const TABLES: [&str; 8] =
    ["tasks", "users", "labels", "projects", "task_events", "comments", "Order Lines", "order"];

/// Names of columns, which say what they hold.
pub(super) const COLUMNS: [(&str, Family); 31] = [
    ("title", Text),
    ("body", Text),
    ("slug", Text),
    ("order", Text),
    ("Display Name", Text),
    ("summary", Text),
    ("amount", Number),
    ("rank", Number),
    ("weight", Number),
    ("score", Number),
    ("done", Truth),
    ("hidden", Truth),
    ("archived", Truth),
    ("created_at", Time),
    ("updated_at", Time),
    ("due_on", Time),
    ("token", Uuid),
    ("revision", Uuid),
    ("payload", Json),
    ("settings", Json),
    ("tags", Texts),
    ("aliases", Texts),
    ("scores", Numbers),
    ("status", Choice),
    ("colour", Choice),
    ("digest", Bytes),
    ("avatar", Bytes),
    ("id", Key),
    ("owner_id", Key),
    ("origin_id", Key),
    ("uid", Uuid),
];

/// Columns of these names are made where they are needed only.
pub(super) const KEYS: [&str; 4] = ["id", "owner_id", "origin_id", "uid"];

/// What a column of this name holds; those that refer to a table have its name before their own.
pub(super) fn family(name: &str) -> Family {
    let is_it = |known: &str| name == known || name.ends_with(&format!("_{known}"));
    COLUMNS.iter().find(|(known, _)| is_it(known)).map_or(Text, |(_, family)| *family)
}

/// The enum that a column of choices has, where it has one.
pub(super) fn enum_of(column: &str) -> String {
    format!("{}_kind", if column.ends_with("colour") { "colour" } else { "status" })
}

pub(super) const LABELS: [&str; 6] = ["open", "in progress", "done", "late", "dropped", "it''s"];

pub(super) const DOMAIN: &str = "short_text";
pub(super) const DOMAIN_CHECKS: [&str; 3] =
    ["length(VALUE) <= 40", "length(VALUE) <= 80", "VALUE <> ''"];

pub(super) const SEQUENCES: [&str; 2] = ["ticket_numbers", "batch_numbers"];
pub(super) const SEQUENCE_OPTIONS: [&str; 4] =
    ["", " START WITH 1000", " INCREMENT BY 10 CACHE 5", " AS integer MINVALUE 5 CYCLE"];

pub(super) const TRIGGER_FUNCTIONS: [&str; 2] = ["touch", "note_change"];
pub(super) const TRIGGER_BODIES: [&str; 3] = [
    " BEGIN RETURN NEW; END ",
    "\nBEGIN\n    -- Nothing yet; see above.\n    RETURN NEW;\nEND\n",
    " BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END ",
];
pub(super) const FUNCTION: &str = "normalised";
pub(super) const FUNCTION_SIGNATURES: [&str; 2] = [
    "normalised(value text) RETURNS text LANGUAGE sql IMMUTABLE",
    "normalised(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE",
];
pub(super) const FUNCTION_BODIES: [&str; 2] =
    [" SELECT lower(trim(value)) ", " SELECT upper(trim(value)) "];

pub(super) const VIEWS: [&str; 4] = ["open_things", "all_things", "few_things", "thing_list"];

pub(super) const COLLATIONS: [&str; 2] = ["C", "POSIX"];

pub(super) const IDENTITY_OPTIONS: [&str; 3] =
    ["", " (START WITH 100)", " (INCREMENT BY 2 MINVALUE -5 CYCLE)"];

pub(super) const ACTIONS: [&str; 6] = [
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL",
    " ON DELETE RESTRICT ON UPDATE CASCADE",
    " ON UPDATE SET DEFAULT",
    " MATCH FULL ON DELETE SET DEFAULT",
];

pub(super) const DEFERRABLE: [&str; 4] = ["", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"];

pub(super) const TRIGGERS: [(&str, &str); 4] = [
    ("before_write", "BEFORE INSERT OR UPDATE{of} ON {on} FOR EACH ROW"),
    ("after_delete", "AFTER DELETE ON {on} FOR EACH STATEMENT"),
    ("on_change", "AFTER UPDATE{of} ON {on} FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)"),
    ("after_insert", "AFTER INSERT ON {on} FOR EACH ROW"),
];

/// The types of a family; any casts to any other.
pub(super) fn types(family: Family) -> &'static [&'static str] {
    match family {
        Key => &["integer", "bigint"],
        Text => &["text", "text", "varchar(40)", "varchar(120)", "varchar"],
        Number => {
            &["smallint", "integer", "bigint", "numeric(8,2)", "numeric(12,4)", "double precision"]
        }
        Truth => &["boolean"],
        Time => &["timestamptz", "timestamp", "date", "timestamptz(3)"],
        Uuid => &["uuid"],
        Json => &["jsonb"],
        Texts => &["text[]", "varchar(20)[]"],
        Numbers => &["integer[]", "bigint[]"],
        Choice => &["text", "varchar(30)"],
        Bytes => &["bytea"],
    }
}

pub(super) fn defaults(family: Family) -> &'static [&'static str] {
    match family {
        Key => &["1"],
        Text => &["''", "'it''s new'", "left(md5(random()::text), 8)", "CURRENT_USER"],
        Number => &["0", "1", "-1", "(random() * 10)::integer"],
        Truth => &["true", "false"],
        Time => &["now()", "CURRENT_TIMESTAMP", "'2024-01-01'", "clock_timestamp()"],
        Uuid => &["gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'"],
        Json => &["'{}'", "'{\"a\": [1, 2]}'", "jsonb_build_object('at', now())"],
        Texts | Numbers => &["'{}'"],
        Choice => &["'open'", "'done'", "'it''s'"],
        Bytes => &["'\\x00'"],
    }
}

/// Conditions on a column.
pub(super) fn conditions(family: Family) -> &'static [&'static str] {
    match family {
        Key => &["{0} > 0", "{0} IS NOT NULL"],
        Text => &[
            "length({0}) > 0",
            "{0} <> 'x'",
            "{0} IN ('a', 'b', 'it''s')",
            "{0} IS NOT NULL",
            "{0} ~ '^[a-z]*$' OR {0} LIKE 'a%'",
        ],
        Number => &["{0} >= 0", "{0} BETWEEN 1 AND 5", "{0} NOT IN (13, 14)", "{0} IS NOT NULL"],
        Truth => &["{0} IS NOT NULL", "{0}", "{0} IS NOT TRUE"],
        Time => &["{0} > '2000-01-01'", "{0} IS NOT NULL"],
        Json => &["jsonb_typeof({0}) = 'object'", "{0} ? 'kind'"],
        Texts | Numbers => &["cardinality({0}) < 10"],
        Uuid | Choice => &["{0} IS NOT NULL"],
        Bytes => &["octet_length({0}) < 100"],
    }
}

/// What a generated column holds, and of which family its source is.
pub(super) fn generated(family: Family) -> Option<(Family, &'static [&'static str])> {
    match family {
        Text => Some((Text, &["lower({0})", "upper({0})", "{0} || '!'"])),
        Number => Some((Number, &["{0} * 2", "{0} + 1"])),
        Truth => Some((Number, &["{0} > 3"])),
        _ => None,
    }
}

/// How a column can be indexed: method and item.
pub(super) fn items(family: Family) -> &'static [(&'static str, &'static str)] {
    match family {
        Key => &[("btree", "{0}"), ("btree", "{0} DESC"), ("hash", "{0}")],
        Text => &[
            ("btree", "{0}"),
            ("btree", "lower({0})"),
            ("btree", "normalised({0})"),
            ("btree", "{0} text_pattern_ops"),
            ("btree", "{0} COLLATE \"C\" DESC"),
            ("hash", "{0}"),
            ("gin", "to_tsvector('english', {0})"),
        ],
        Number => &[
            ("btree", "{0}"),
            ("btree", "{0} DESC NULLS LAST"),
            ("btree", "({0} + 1)"),
            ("btree", "abs({0})"),
        ],
        Truth | Choice => &[("btree", "{0}")],
        Time => &[("btree", "{0}"), ("btree", "{0} NULLS FIRST"), ("brin", "{0}")],
        Uuid => &[("btree", "{0}"), ("hash", "{0}")],
        Json => &[("gin", "{0}"), ("gin", "{0} jsonb_path_ops"), ("btree", "({0} ->> 'kind')")],
        Texts | Numbers => &[("gin", "{0}")],
        Bytes => &[("btree", "md5({0})")],
    }
}
