-- A wider primary key, to which another table refers.
--- from
CREATE TABLE tasks (id integer PRIMARY KEY, title text);
CREATE TABLE events (id integer PRIMARY KEY, task_id integer NOT NULL REFERENCES tasks);
--- rows
INSERT INTO tasks SELECT n, 'task ' || n FROM generate_series(1, 50) n;
INSERT INTO events SELECT n, n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (id bigint PRIMARY KEY, title text);
CREATE TABLE events (id integer PRIMARY KEY, task_id bigint NOT NULL REFERENCES tasks);
