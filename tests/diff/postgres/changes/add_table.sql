-- A table with everything that belongs to it.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
CREATE TABLE events (
    id bigserial PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('made', 'done')),
    payload jsonb NOT NULL DEFAULT '{}',
    UNIQUE (task_id, kind)
);
CREATE INDEX events_payload ON events USING gin (payload);
