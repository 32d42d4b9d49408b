-- A reference comes with its column.
--- from
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
--- rows
INSERT INTO owners (name) VALUES ('ann');
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
--- to
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
