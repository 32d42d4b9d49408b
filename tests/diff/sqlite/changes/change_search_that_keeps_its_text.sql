-- Its own rows are copied.
--- from
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIRTUAL TABLE words USING fts5 (word, note UNINDEXED);
--- rows
INSERT INTO tasks (title, effort) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'task ' || i, i FROM n;
INSERT INTO words (rowid, word, note) VALUES (7, 'running', 'a'), (9, 'ran', 'b');
--- to
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    effort INTEGER
);
CREATE VIRTUAL TABLE words USING fts5 (word, note UNINDEXED, tokenize = 'porter');
