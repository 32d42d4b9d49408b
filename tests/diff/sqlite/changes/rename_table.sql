-- With its index and a view.
--- rename tasks=todos
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE INDEX by_title ON tasks (title);
CREATE VIEW titles AS SELECT title FROM tasks;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE todos (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE INDEX by_title ON todos (title);
CREATE VIEW titles AS SELECT title FROM todos;
