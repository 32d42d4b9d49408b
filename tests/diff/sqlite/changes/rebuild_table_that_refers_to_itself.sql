-- The new one refers to itself too.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER,
    parent_id INTEGER REFERENCES tasks (id)
);
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
UPDATE tasks SET parent_id = 1;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort REAL,
    parent_id INTEGER REFERENCES tasks (id)
);
