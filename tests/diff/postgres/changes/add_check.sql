-- A check.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    effort integer
);
--- rows
INSERT INTO tasks (title, effort) SELECT 'task ' || n, n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    effort integer,
    CONSTRAINT tasks_effort CHECK (effort >= 0)
);
