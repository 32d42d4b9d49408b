-- A table that refers to another goes.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
CREATE TABLE events (id serial PRIMARY KEY, task_id bigint REFERENCES tasks);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
INSERT INTO events (task_id) SELECT id FROM tasks;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
