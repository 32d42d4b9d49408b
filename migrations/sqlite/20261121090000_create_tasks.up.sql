-- compat: additive
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
