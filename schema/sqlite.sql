-- The schema on SQLite, as all migrations together make it. This file is written by hand, and first:
--
--   1. change it here, and schema/postgres.sql alike
--   2. taskmanager migrate diff -m "add labels to tasks"    writes the migrations that lead here
--
-- `taskmanager migrate verify` fails while the two differ. Nothing runs this file on a real database.

-- Times are microseconds since 1970-01-01 UTC: SQLite has no time type, and integers compare right.
CREATE TABLE tasks (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL CONSTRAINT tasks_id_unique UNIQUE,
    title        TEXT    NOT NULL,
    description  TEXT,
    status       TEXT    NOT NULL,
    priority     TEXT    NOT NULL,
    assignee     TEXT,
    due_date     INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    completed_at INTEGER,
    version      INTEGER NOT NULL,
    -- title, description and assignee, folded for search, one line each
    search_text  TEXT    NOT NULL,
    CONSTRAINT tasks_id_length CHECK (length(id) = 16),
    CONSTRAINT tasks_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT tasks_description_length CHECK (length(description) <= 1000),
    CONSTRAINT tasks_assignee_length CHECK (length(assignee) BETWEEN 1 AND 100),
    CONSTRAINT tasks_status_known CHECK (status IN ('todo', 'in_progress', 'done')),
    CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')),
    CONSTRAINT tasks_completed_when_done CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    CONSTRAINT tasks_version_positive CHECK (version >= 1)
) STRICT;

-- The number is the table's own key and needs no index.
CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id);
-- No due date sorts last, so it is indexed as the latest.
CREATE INDEX tasks_due_date_idx ON tasks (coalesce(due_date, 9223372036854775807), id);
-- The same from the latest on, where no due date is the earliest: it sorts last there too.
CREATE INDEX tasks_due_date_latest_first_idx ON tasks (coalesce(due_date, -9223372036854775807) DESC, id);
-- A person's own tasks, newest first, however few of all they are.
CREATE INDEX tasks_assignee_idx ON tasks (assignee, created_at DESC, id);
-- Counts by status and priority, which every instance takes every few seconds, without reading the table.
CREATE INDEX tasks_status_priority_idx ON tasks (status, priority);
-- Tasks that were completed since some day, without reading the table.
CREATE INDEX tasks_completed_at_idx ON tasks (completed_at) WHERE completed_at IS NOT NULL;
-- Lists by time of the last change, newest first; the other direction walks it backward and sorts ties only.
CREATE INDEX tasks_updated_at_idx ON tasks (updated_at DESC, id);

-- The search: it refers to the rows of tasks and holds no copy of the text; three triggers keep it in step.
CREATE VIRTUAL TABLE tasks_search USING fts5 (
    search_text,
    content = 'tasks',
    content_rowid = 'number',
    tokenize = 'trigram case_sensitive 1'
);

CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_search (rowid, search_text) VALUES (new.number, new.search_text);
END;
CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks BEGIN
    INSERT INTO tasks_search (tasks_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
END;
CREATE TRIGGER tasks_search_update AFTER UPDATE OF search_text ON tasks WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO tasks_search (tasks_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
    INSERT INTO tasks_search (rowid, search_text) VALUES (new.number, new.search_text);
END;

-- What happened to tasks, in the order in which it is told: written in the transaction that changes the task, and
-- pruned after a day. AUTOINCREMENT, because an id must not come back after its row was pruned.
CREATE TABLE task_events (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL,
    at           INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    -- the task as it was after the change; before it, where it was deleted
    task_id      BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    title        TEXT    NOT NULL,
    description  TEXT,
    status       TEXT    NOT NULL,
    priority     TEXT    NOT NULL,
    assignee     TEXT,
    due_date     INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    completed_at INTEGER,
    version      INTEGER NOT NULL,
    CONSTRAINT task_events_task_id_length CHECK (length(task_id) = 16),
    CONSTRAINT task_events_kind_known CHECK (kind IN ('created', 'updated', 'deleted'))
) STRICT;

-- Requests that are carried out once, and what was answered to them. A key and its answer become visible together,
-- with the work itself, so the answer is null only inside the transaction that does the work.
CREATE TABLE idempotency_keys (
    key         TEXT    NOT NULL CONSTRAINT idempotency_keys_pkey PRIMARY KEY,
    fingerprint BLOB    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    status      INTEGER,
    location    TEXT,
    entity_tag  TEXT,
    body        TEXT,
    CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK (length(fingerprint) = 32)
) STRICT;

CREATE INDEX idempotency_keys_claimed_at_idx ON idempotency_keys (claimed_at);

-- The last count of all tasks, in one row (id 1). Only PostgreSQL has replicas that share it; here it stays empty.
CREATE TABLE task_census (
    id         INTEGER NOT NULL PRIMARY KEY,
    counted_at INTEGER NOT NULL,
    -- how long the count took, in microseconds
    cost_us    INTEGER NOT NULL,
    -- a JSON array of [status, priority, tasks]
    lines      TEXT    NOT NULL
) STRICT;
