-- Its condition.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE TRIGGER tasks_checked BEFORE INSERT ON tasks WHEN new.effort < 0 BEGIN
    SELECT raise(ABORT, 'no effort; none');
END;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE TRIGGER tasks_checked BEFORE INSERT ON tasks WHEN new.effort < 1 BEGIN
    SELECT raise(ABORT, 'no effort; none');
END;
