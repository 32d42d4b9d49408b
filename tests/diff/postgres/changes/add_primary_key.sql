-- A primary key over a column that may be null.
--- from
CREATE TABLE labels (name text, colour text);
--- rows
INSERT INTO labels SELECT 'label ' || n, 'red' FROM generate_series(1, 50) n;
--- to
CREATE TABLE labels (name text PRIMARY KEY, colour text);
