-- One that another looks at.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIEW big AS SELECT title FROM tasks WHERE effort > 8;
CREATE VIEW biggest AS SELECT title FROM big LIMIT 1;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIEW big AS SELECT title FROM tasks WHERE effort > 13;
CREATE VIEW biggest AS SELECT title FROM big LIMIT 1;
