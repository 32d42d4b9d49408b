-- A table by another name: key, sequence and the tables that refer to it follow.
--- from
CREATE TABLE tasks (id serial PRIMARY KEY, title text NOT NULL);
CREATE TABLE events (id integer PRIMARY KEY, task_id integer REFERENCES tasks);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
INSERT INTO events SELECT n, n FROM generate_series(1, 50) n;
--- to
CREATE TABLE todos (id serial PRIMARY KEY, title text NOT NULL);
CREATE TABLE events (id integer PRIMARY KEY, task_id integer REFERENCES todos);
--- rename tasks=todos
