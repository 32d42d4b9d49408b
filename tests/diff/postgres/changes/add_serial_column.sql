-- A serial column.
--- from
CREATE TABLE tasks (title text NOT NULL);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (title text NOT NULL, number serial);
