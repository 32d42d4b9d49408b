-- With the view, index, check and trigger that use it.
--- rename tasks.effort=hours
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER CHECK (effort >= 0)
);
CREATE INDEX tasks_effort ON tasks (effort);
CREATE VIEW big AS SELECT title FROM tasks WHERE effort > 8;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    hours INTEGER CHECK (hours >= 0)
);
CREATE INDEX tasks_effort ON tasks (hours);
CREATE VIEW big AS SELECT title FROM tasks WHERE hours > 8;
