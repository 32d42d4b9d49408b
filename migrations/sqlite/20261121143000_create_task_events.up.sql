-- compat: additive
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
