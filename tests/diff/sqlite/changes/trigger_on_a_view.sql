-- Instead of a write to it.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIEW big AS SELECT title FROM tasks;
CREATE TRIGGER big_insert INSTEAD OF INSERT ON big BEGIN
    INSERT INTO tasks (title) VALUES (new.title);
END;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIEW big AS SELECT title, effort FROM tasks;
CREATE TRIGGER big_insert INSTEAD OF INSERT ON big BEGIN
    INSERT INTO tasks (title) VALUES (new.title);
END;
