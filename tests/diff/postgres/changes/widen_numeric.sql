-- More digits: nothing is written.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    price numeric(8, 2)
);
--- rows
INSERT INTO tasks (title, price) SELECT 'task ' || n, n * 1.25 FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    price numeric(12, 2)
);
