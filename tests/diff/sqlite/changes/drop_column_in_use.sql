-- An index, a check, a view and a trigger use it.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER,
    state TEXT CHECK (state <> ''),
    note TEXT
);
CREATE INDEX tasks_state ON tasks (state);
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE state = 'todo';
CREATE TRIGGER tasks_made AFTER INSERT ON tasks BEGIN
    UPDATE tasks SET state = 'todo' WHERE id = new.id;
END;
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER,
    note TEXT
);
CREATE VIEW open_tasks AS SELECT id, title FROM tasks;
