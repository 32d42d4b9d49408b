-- The same values in another order.
--- from
CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status
);
--- rows
INSERT INTO tasks (title, status) SELECT 'task ' || n, 'done' FROM generate_series(1, 50) n;
--- to
CREATE TYPE status AS ENUM ('done', 'open');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status
);
