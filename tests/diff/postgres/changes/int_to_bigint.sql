-- A wider number: every row is written anew.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    counter integer NOT NULL DEFAULT 0
);
--- rows
INSERT INTO tasks (title, counter) SELECT 'task ' || n, n * 1000 FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    counter bigint NOT NULL DEFAULT 0
);
