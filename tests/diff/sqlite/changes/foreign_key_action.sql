-- What a delete does.
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
    effort INTEGER,
    owner_id INTEGER REFERENCES owners (id) ON DELETE SET NULL
);
