-- An index over an expression in place of one over a column.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
CREATE INDEX tasks_title ON tasks (title);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
CREATE INDEX tasks_title ON tasks (lower(title));
