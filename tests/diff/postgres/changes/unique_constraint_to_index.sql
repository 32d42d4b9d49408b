-- A unique index in place of a unique constraint.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code text,
    CONSTRAINT tasks_code UNIQUE (code)
);
--- rows
INSERT INTO tasks (title, code) SELECT 'task ' || n, 'c' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code text
);
CREATE UNIQUE INDEX tasks_code ON tasks (code);
