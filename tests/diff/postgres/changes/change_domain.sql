-- Another check of a domain that a table uses.
--- from
CREATE DOMAIN short_text AS text CHECK (length(VALUE) <= 40);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code short_text
);
--- rows
INSERT INTO tasks (title, code) SELECT 'task ' || n, 'c' || n FROM generate_series(1, 50) n;
--- to
CREATE DOMAIN short_text AS text CHECK (length(VALUE) <= 20);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    code short_text
);
