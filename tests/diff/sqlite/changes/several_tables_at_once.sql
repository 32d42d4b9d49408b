-- Two tables rebuilt, one changed in place, one new, one gone.
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
CREATE TABLE old (id INTEGER PRIMARY KEY);
CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT);
--- rows
INSERT INTO owners (name) VALUES ('ann'), ('bob');
INSERT INTO tasks (title, effort, owner_id) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i, 1 + i % 2 FROM n;
INSERT INTO plain (a) VALUES ('x');
--- to
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER CHECK (effort < 100),
    owner_id INTEGER REFERENCES owners (id) ON DELETE CASCADE
);
CREATE TABLE plain (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
CREATE TABLE fresh (id INTEGER PRIMARY KEY, owner_name TEXT REFERENCES owners (name));
