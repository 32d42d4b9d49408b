-- Another primary key.
--- from
CREATE TABLE labels (id integer PRIMARY KEY, name text NOT NULL);
--- rows
INSERT INTO labels SELECT n, 'label ' || n FROM generate_series(1, 50) n;
--- to
CREATE TABLE labels (id integer NOT NULL, name text PRIMARY KEY);
