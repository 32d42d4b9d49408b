-- With what it keeps behind.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIRTUAL TABLE tasks_search USING fts5 (title, content = 'tasks', content_rowid = 'id');
CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_search (rowid, title) VALUES (new.id, new.title);
END;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
