-- A moment instead of a local time.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    due timestamp
);
--- rows
INSERT INTO tasks (title, due) SELECT 'task ' || n, timestamp '2024-01-01 12:00' + n * interval '1 hour' FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    due timestamptz
);
