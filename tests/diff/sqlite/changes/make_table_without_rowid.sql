-- The key is the table.
--- from
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
--- rows
INSERT INTO tasks (id, title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'key ' || i, 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
) WITHOUT ROWID;
