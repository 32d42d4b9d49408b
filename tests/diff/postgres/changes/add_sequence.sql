-- A sequence that a default draws from.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    number bigint
);
--- rows
INSERT INTO tasks (title, number) SELECT 'task ' || n, n FROM generate_series(1, 50) n;
--- to
CREATE SEQUENCE ticket_numbers START WITH 1000;
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    number bigint DEFAULT nextval('ticket_numbers')
);
