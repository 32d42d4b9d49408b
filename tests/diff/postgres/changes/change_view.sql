-- A view with a condition.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    done boolean
);
CREATE VIEW open_tasks AS SELECT id, title FROM tasks;
--- rows
INSERT INTO tasks (title, done) SELECT 'task ' || n, n > 9 FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    done boolean
);
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE done IS NOT TRUE;
