-- A column that may be null goes.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    note text
);
--- rows
INSERT INTO tasks (title, note) SELECT 'task ' || n, CASE WHEN n > 9 THEN 'note' END FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
