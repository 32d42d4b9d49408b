-- A text becomes an enum.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status text NOT NULL DEFAULT 'open'
);
--- rows
INSERT INTO tasks (title, status) SELECT 'task ' || n, 'open' FROM generate_series(1, 50) n;
--- to
CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open'
);
