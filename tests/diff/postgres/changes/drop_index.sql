-- An index less.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    owner text
);
CREATE INDEX tasks_owner ON tasks (owner);
--- rows
INSERT INTO tasks (title, owner) SELECT 'task ' || n, 'somebody' FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    owner text
);
