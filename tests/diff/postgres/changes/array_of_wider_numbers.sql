-- An array of wider numbers.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    scores integer[] NOT NULL DEFAULT '{}'
);
--- rows
INSERT INTO tasks (title, scores) SELECT 'task ' || n, ARRAY[n, n + 1] FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    scores bigint[] NOT NULL DEFAULT '{}'
);
