-- A column with an index, a check and a unique constraint becomes wider.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code integer NOT NULL CHECK (code > 0) UNIQUE
);
CREATE INDEX tasks_code ON tasks (code) WHERE code > 10;
--- rows
INSERT INTO tasks (title, code) SELECT 'task ' || n, n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code bigint NOT NULL CHECK (code > 0) UNIQUE
);
CREATE INDEX tasks_code ON tasks (code) WHERE code > 10;
