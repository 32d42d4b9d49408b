-- A column by another name, with its check and index.
--- from
CREATE TABLE tasks (id integer PRIMARY KEY, title text NOT NULL CHECK (title <> ''));
CREATE INDEX tasks_title ON tasks (title);
--- rows
INSERT INTO tasks SELECT n, 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (id integer PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
CREATE INDEX tasks_title ON tasks (name);
--- rename tasks.title=name
