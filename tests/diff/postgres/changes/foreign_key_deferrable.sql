-- A foreign key that is held at the end of the transaction.
--- from
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    owner_id integer REFERENCES users
);
--- rows
INSERT INTO users SELECT generate_series(1, 5);
INSERT INTO tasks (title, owner_id) SELECT 'task ' || n, 1 + n % 5 FROM generate_series(1, 50) n;
--- to
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    owner_id integer REFERENCES users DEFERRABLE INITIALLY DEFERRED
);
