-- A materialised view with its index.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
CREATE MATERIALIZED VIEW titles AS SELECT title, count(*) AS number FROM tasks GROUP BY title;
CREATE UNIQUE INDEX titles_title ON titles (title);
