-- A column that is never null goes; its default gives it back.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    priority smallint NOT NULL DEFAULT 3
);
--- rows
INSERT INTO tasks (title, priority) SELECT 'task ' || n, n % 4 FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL
);
