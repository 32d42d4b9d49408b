-- A predicate uses it.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER,
    state TEXT
);
CREATE INDEX tasks_open ON tasks (title) WHERE state = 'todo';
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE INDEX tasks_open ON tasks (title);
