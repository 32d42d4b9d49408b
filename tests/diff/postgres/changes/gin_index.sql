-- An index over documents.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    payload jsonb
);
--- rows
INSERT INTO tasks (title, payload) SELECT 'task ' || n, jsonb_build_object('n', n) FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    payload jsonb
);
CREATE INDEX tasks_payload ON tasks USING gin (payload jsonb_path_ops);
