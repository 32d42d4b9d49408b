-- Index, view, trigger of another table and search are made again.
--- from
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER,
    owner_id INTEGER REFERENCES owners (id) ON DELETE CASCADE
);
CREATE VIRTUAL TABLE tasks_search USING fts5 (title, content = 'tasks', content_rowid = 'id');
CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_search (rowid, title) VALUES (new.id, new.title);
END;
CREATE INDEX tasks_owner ON tasks (owner_id);
CREATE VIEW owned AS SELECT title FROM tasks JOIN owners ON owners.id = owner_id;
CREATE TRIGGER owners_gone AFTER DELETE ON owners BEGIN
    UPDATE tasks SET effort = 0 WHERE owner_id = old.id;
END;
--- rows
INSERT INTO owners (name) VALUES ('ann'), ('bob');
INSERT INTO tasks (title, effort, owner_id) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i, 1 + i % 2 FROM n;
--- to
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort REAL,
    owner_id INTEGER REFERENCES owners (id) ON DELETE CASCADE
);
CREATE VIRTUAL TABLE tasks_search USING fts5 (title, content = 'tasks', content_rowid = 'id');
CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_search (rowid, title) VALUES (new.id, new.title);
END;
CREATE INDEX tasks_owner ON tasks (owner_id);
CREATE VIEW owned AS SELECT title FROM tasks JOIN owners ON owners.id = owner_id;
CREATE TRIGGER owners_gone AFTER DELETE ON owners BEGIN
    UPDATE tasks SET effort = 0 WHERE owner_id = old.id;
END;
