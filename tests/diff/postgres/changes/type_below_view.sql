-- A column becomes wider below a view.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    counter integer
);
CREATE VIEW counted AS SELECT id, counter FROM tasks;
CREATE VIEW counted_twice AS SELECT counter FROM counted;
--- rows
INSERT INTO tasks (title, counter) SELECT 'task ' || n, n FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    counter bigint
);
CREATE VIEW counted AS SELECT id, counter FROM tasks;
CREATE VIEW counted_twice AS SELECT counter FROM counted;
