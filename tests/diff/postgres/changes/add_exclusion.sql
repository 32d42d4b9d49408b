-- An exclusion constraint on a table that is there.
--- from
CREATE TABLE bookings (id integer PRIMARY KEY, during int4range NOT NULL);
--- rows
INSERT INTO bookings SELECT n, int4range(n, n + 1) FROM generate_series(1, 50) n;
--- to
CREATE TABLE bookings (id integer PRIMARY KEY, during int4range NOT NULL, CONSTRAINT bookings_apart EXCLUDE USING gist (during WITH &&));
