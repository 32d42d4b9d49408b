-- Another predicate of an index.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    done boolean
);
CREATE INDEX tasks_open ON tasks (title) WHERE done IS NOT TRUE;
--- rows
INSERT INTO tasks (title, done) SELECT 'task ' || n, n > 10 FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    done boolean
);
CREATE INDEX tasks_open ON tasks (title) WHERE NOT done;
