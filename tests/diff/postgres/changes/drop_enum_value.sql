-- A value less: the type is made anew, with default, index and check.
--- from
CREATE TYPE status AS ENUM ('open', 'done', 'late');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open',
    CONSTRAINT tasks_status CHECK (status <> 'late' OR title <> '')
);
CREATE INDEX tasks_status_idx ON tasks (status) WHERE status = 'open';
--- rows
INSERT INTO tasks (title, status) SELECT 'task ' || n, CASE WHEN n > 9 THEN 'done' ELSE 'open' END::status FROM generate_series(1, 50) n;
--- to
CREATE TYPE status AS ENUM ('open', 'done');
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    status status NOT NULL DEFAULT 'open'
);
CREATE INDEX tasks_status_idx ON tasks (status) WHERE status = 'open';
