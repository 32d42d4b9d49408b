-- The schema on PostgreSQL, as all migrations together make it. This file is written by hand, and first:
--
--   1. change it here, and schema/sqlite.sql alike
--   2. taskmanager migrate diff -m "add labels to tasks"    writes the migrations that lead here
--
-- `taskmanager migrate verify` fails while the two differ. Nothing runs this file on a real database.

-- Similarity of words, for the search.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Nothing unique without id, no foreign key, no trigger: writers of different tasks never wait for one another.
CREATE TABLE tasks (
    id           uuid        NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    title        text        NOT NULL,
    description  text,
    status       text        NOT NULL,
    priority     text        NOT NULL,
    assignee     text,
    due_date     timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    completed_at timestamptz,
    version      bigint      NOT NULL,
    -- title, description and assignee, folded for search, one line each
    search_text  text        NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT tasks_description_length CHECK (char_length(description) <= 1000),
    CONSTRAINT tasks_assignee_length CHECK (char_length(assignee) BETWEEN 1 AND 100),
    CONSTRAINT tasks_status_known CHECK (status IN ('todo', 'in_progress', 'done')),
    CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')),
    CONSTRAINT tasks_completed_when_done CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    CONSTRAINT tasks_version_positive CHECK (version >= 1)
);

CREATE INDEX tasks_number_idx ON tasks (number);
CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id);
-- No due date sorts last, so it is indexed as the latest.
CREATE INDEX tasks_due_date_idx ON tasks (coalesce(due_date, 'infinity'), id);
-- The same from the latest on, where no due date is the earliest: it sorts last there too.
CREATE INDEX tasks_due_date_latest_first_idx ON tasks (coalesce(due_date, '-infinity') DESC, id);
-- A person's own tasks, newest first, however few of all they are.
CREATE INDEX tasks_assignee_idx ON tasks (assignee, created_at DESC, id);
CREATE INDEX tasks_search_text_idx ON tasks USING gin (search_text gin_trgm_ops);
-- Counts by status and priority, which every instance takes every few seconds, without reading the table.
CREATE INDEX tasks_status_priority_idx ON tasks (status, priority);
-- Tasks that were completed since some day, without reading the table.
CREATE INDEX tasks_completed_at_idx ON tasks (completed_at) WHERE completed_at IS NOT NULL;
-- Lists by time of the last change, newest first; the other direction walks it backward and sorts ties only.
CREATE INDEX tasks_updated_at_idx ON tasks (updated_at DESC, id);

-- What happened to tasks, in the order in which it is told: written in the statement that changes the task, and
-- pruned after a day. Refers to no task, which may be gone; ids follow one another.
CREATE TABLE task_events (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    -- the task as it was after the change; before it, where it was deleted
    task_id      uuid        NOT NULL,
    number       bigint      NOT NULL,
    title        text        NOT NULL,
    description  text,
    status       text        NOT NULL,
    priority     text        NOT NULL,
    assignee     text,
    due_date     timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    completed_at timestamptz,
    version      bigint      NOT NULL,
    CONSTRAINT task_events_pkey PRIMARY KEY (id),
    CONSTRAINT task_events_kind_known CHECK (kind IN ('created', 'updated', 'deleted'))
);

-- Requests that are carried out once, and what was answered to them. A key and its answer become visible together,
-- with the work itself, so the answer is null only inside the transaction that does the work.
CREATE TABLE idempotency_keys (
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    claimed_at  timestamptz NOT NULL,
    status      bigint,
    location    text,
    entity_tag  text,
    body        text,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key),
    CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32)
);

CREATE INDEX idempotency_keys_claimed_at_idx ON idempotency_keys (claimed_at);

-- The last count of all tasks, in one row (id 1): one replica counts, the others read.
CREATE TABLE task_census (
    id         bigint      NOT NULL,
    counted_at timestamptz NOT NULL,
    -- how long the count took, in microseconds
    cost_us    bigint      NOT NULL,
    -- a JSON array of [status, priority, tasks]
    lines      text        NOT NULL,
    CONSTRAINT task_census_pkey PRIMARY KEY (id)
);
