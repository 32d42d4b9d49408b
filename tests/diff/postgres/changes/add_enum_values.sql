-- Values of an enum: one in the middle, one at the end.
--- from
CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open'
);
--- rows
INSERT INTO tasks (title, status) SELECT 'task ' || n, 'done' FROM generate_series(1, 50) n;
--- to
CREATE TYPE status AS ENUM ('open', 'late', 'done', 'dropped');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open'
);
