-- base:
CREATE TABLE authors (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (
    id     bigint PRIMARY KEY,
    title  text NOT NULL,
    code   varchar(20),
    author bigint,
    pages  integer,
    price  numeric(8, 2),
    seen   timestamp
);
CREATE INDEX books_title_idx ON books (title);
-- rows:
INSERT INTO authors SELECT n, 'author ' || n FROM generate_series(1, 50) n;
INSERT INTO books SELECT n, 'title ' || n, 'code ' || n, 1 + n % 50, n, n, now() FROM generate_series(1, 2000) n;

-- row: a nullable column
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf text;
-- row: a column with a constant default
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP COLUMN shelf, DROP COLUMN floor, DROP COLUMN since;
-- up:
-- compat: additive
ALTER TABLE books
    ADD COLUMN shelf text NOT NULL DEFAULT 'none',
    ADD floor integer DEFAULT -1,
    ADD COLUMN since timestamptz NOT NULL DEFAULT now();
-- row: a volatile default
-- expect: adding-field-with-default@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books DROP COLUMN token;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
-- row: a volatile default inside an expression
-- expect: adding-field-with-default@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books DROP COLUMN token;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN token text DEFAULT upper('x' || (random() * 10)::text);
-- row: a stable function with arguments is no volatile default
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf text DEFAULT lower(coalesce('NONE', 'x'));
-- row: a serial column
-- expect: adding-field-with-default@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books DROP COLUMN place;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN place bigserial;
-- row: an identity column
-- expect: adding-field-with-default@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books DROP COLUMN place;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;
-- row: a stored generated column
-- expect: adding-field-with-default@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books DROP COLUMN twice;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN twice integer GENERATED ALWAYS AS (pages * 2) STORED;
-- row: the safe form of a volatile default
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP COLUMN token;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN token uuid;
ALTER TABLE books ALTER COLUMN token SET DEFAULT gen_random_uuid();
-- row: a column NOT NULL without a default
-- expect: adding-required-field@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf text NOT NULL;
-- row: a column with a unique key of its own
-- expect: adding-unique-constraint@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP COLUMN isbn;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN isbn text UNIQUE;
-- row: a column with a check of its own
-- expect: constraint-missing-not-valid@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP COLUMN floor;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN floor integer CHECK (floor > 0);
-- row: a column that refers to another table, without a default
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP COLUMN editor;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN editor bigint REFERENCES authors (id);
-- row: a column that refers to another table, with a default
-- expect: adding-foreign-key-constraint@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP COLUMN editor;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN editor bigint DEFAULT 1 REFERENCES authors (id);

-- row: int to bigint
-- expect: changing-column-type@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books ALTER COLUMN pages TYPE integer;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN pages TYPE bigint;
-- row: text to varchar(n)
-- expect: changing-column-type@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books ALTER COLUMN title TYPE text;
-- up:
-- compat: breaking
ALTER TABLE books ALTER title SET DATA TYPE varchar(200);
-- row: a varchar made narrower
-- expect: changing-column-type@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books ALTER COLUMN code TYPE varchar(20);
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN code TYPE varchar(15);
-- row: a varchar made wider
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books ALTER COLUMN code TYPE varchar(20);
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN code TYPE varchar(40);
-- row: varchar to text
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books ALTER COLUMN code TYPE varchar(20);
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN code TYPE text;
-- row: varchar to text under a check
-- expect: changing-column-type@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- before: ALTER TABLE books ADD CONSTRAINT books_code_filled CHECK (code <> '') NOT VALID;
-- before: ALTER TABLE books VALIDATE CONSTRAINT books_code_filled;
-- down: ALTER TABLE books ALTER COLUMN code TYPE varchar(20);
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN code TYPE text;
-- row: a numeric with more digits
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books ALTER COLUMN price TYPE numeric(8, 2);
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN price TYPE numeric(12, 2);
-- row: timestamp to timestamptz
-- expect: changing-column-type@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books ALTER COLUMN seen TYPE timestamp;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN seen TYPE timestamptz USING seen AT TIME ZONE 'Europe/Berlin';

-- row: SET NOT NULL
-- expect: adding-not-nullable-field@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books ALTER COLUMN pages DROP NOT NULL;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN pages SET NOT NULL;
-- row: SET NOT NULL after a check that is not validated
-- expect: adding-not-nullable-field@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- before: ALTER TABLE books ADD CONSTRAINT books_pages_there CHECK (pages IS NOT NULL) NOT VALID;
-- down: ALTER TABLE books ALTER COLUMN pages DROP NOT NULL;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN pages SET NOT NULL;
-- row: SET NOT NULL after a validated check
-- cost: books, ACCESS EXCLUSIVE
-- before: ALTER TABLE books ADD CONSTRAINT books_pages_there CHECK (pages IS NOT NULL) NOT VALID;
-- before: ALTER TABLE books VALIDATE CONSTRAINT books_pages_there;
-- down: ALTER TABLE books ALTER COLUMN pages DROP NOT NULL;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN pages SET NOT NULL;
ALTER TABLE books DROP CONSTRAINT books_pages_there;
-- row: SET NOT NULL of what is so already
-- cost: books, ACCESS EXCLUSIVE
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN title SET NOT NULL;

-- row: ADD CHECK
-- expect: constraint-missing-not-valid@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP CONSTRAINT books_pages_positive;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0);
-- row: ADD CHECK NOT VALID
-- cost: books, ACCESS EXCLUSIVE
-- down: ALTER TABLE books DROP CONSTRAINT books_pages_positive;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0) NOT VALID;
-- row: VALIDATE of a check from before
-- cost: books, SHARE UPDATE EXCLUSIVE, scans
-- before: ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0) NOT VALID;
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TABLE books VALIDATE CONSTRAINT books_pages_positive;
-- row: VALIDATE in the transaction that added it
-- expect: validate-in-same-transaction@3
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP CONSTRAINT books_pages_positive;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0) NOT VALID;
ALTER TABLE books VALIDATE CONSTRAINT books_pages_positive;
-- row: ADD FOREIGN KEY
-- expect: adding-foreign-key-constraint@2
-- cost: books, SHARE ROW EXCLUSIVE, scans
-- down: ALTER TABLE books DROP CONSTRAINT books_author_fkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- row: ADD FOREIGN KEY, on the table that it refers to
-- expect: adding-foreign-key-constraint@2
-- cost: authors, SHARE ROW EXCLUSIVE, scans
-- down: ALTER TABLE books DROP CONSTRAINT books_author_fkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- row: ADD FOREIGN KEY NOT VALID
-- cost: books, SHARE ROW EXCLUSIVE
-- down: ALTER TABLE books DROP CONSTRAINT books_author_fkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id) NOT VALID;
-- row: ADD UNIQUE
-- expect: adding-unique-constraint@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- down: ALTER TABLE books DROP CONSTRAINT books_code_key;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_code_key UNIQUE (code);
-- row: ADD UNIQUE USING INDEX
-- cost: books, ACCESS EXCLUSIVE
-- before: CREATE UNIQUE INDEX books_code_key ON books (code);
-- down: ALTER TABLE books DROP CONSTRAINT books_code_key;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_code_key UNIQUE USING INDEX books_code_key;
-- row: ADD PRIMARY KEY
-- expect: adding-unique-constraint@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- before: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- down: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pkey PRIMARY KEY (id);
-- row: ADD PRIMARY KEY USING an index of what may be null
-- expect: adding-not-nullable-field@2
-- cost: books, ACCESS EXCLUSIVE, scans
-- before: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- before: CREATE UNIQUE INDEX books_code_idx ON books (code);
-- down: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pkey PRIMARY KEY USING INDEX books_code_idx;
-- row: ADD PRIMARY KEY USING an index of what is never null
-- cost: books, ACCESS EXCLUSIVE
-- before: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- before: CREATE UNIQUE INDEX books_id_idx ON books (id);
-- down: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pkey PRIMARY KEY USING INDEX books_id_idx;

-- row: CREATE INDEX
-- expect: require-concurrent-index-creation@2
-- cost: books, SHARE, scans
-- down: DROP INDEX books_code_idx;
-- up:
-- compat: additive
CREATE INDEX books_code_idx ON books (code);
-- row: CREATE INDEX CONCURRENTLY
-- cost: books, SHARE UPDATE EXCLUSIVE, scans
-- down: DROP INDEX books_code_idx;
-- up:
-- no-transaction
-- compat: additive
CREATE INDEX CONCURRENTLY books_code_idx ON books (code);
-- row: CREATE INDEX CONCURRENTLY in a transaction
-- expect: concurrently-in-transaction@2
-- fails:
-- down: DROP INDEX books_code_idx;
-- up:
-- compat: additive
CREATE INDEX CONCURRENTLY books_code_idx ON books (code);
-- row: DROP INDEX
-- expect: require-concurrent-index-deletion@2
-- cost: books, ACCESS EXCLUSIVE
-- down: CREATE INDEX books_title_idx ON books (title);
-- up:
-- compat: additive
DROP INDEX books_title_idx;
-- row: DROP INDEX CONCURRENTLY
-- cost: books, SHARE UPDATE EXCLUSIVE
-- down: CREATE INDEX books_title_idx ON books (title);
-- up:
-- no-transaction
-- compat: additive
DROP INDEX CONCURRENTLY books_title_idx;
-- row: REINDEX
-- expect: require-concurrent-reindex@2
-- cost: books, SHARE, scans
-- down: SELECT 1;
-- up:
-- compat: additive
REINDEX INDEX books_title_idx;
-- row: REINDEX CONCURRENTLY
-- cost: books, SHARE UPDATE EXCLUSIVE, scans
-- down: SELECT 1;
-- up:
-- no-transaction
-- compat: additive
REINDEX (CONCURRENTLY) INDEX books_title_idx;
-- row: an index on a table of the same file
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id bigint PRIMARY KEY, name text, book bigint REFERENCES books (id));
CREATE UNIQUE INDEX shelves_name_idx ON shelves (name);
ALTER TABLE shelves ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE shelves ADD CONSTRAINT shelves_id_positive CHECK (id > 0);
UPDATE shelves SET name = 'x';

-- row: DROP TABLE that refers to another
-- expect: referencing-table-dropped@2
-- cost: authors, ACCESS EXCLUSIVE
-- before: ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- down: CREATE TABLE books (id bigint);
-- up:
-- compat: breaking
DROP TABLE books;
-- row: the safe form of dropping one that refers
-- cost: authors, none
-- before: ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- before: ALTER TABLE books DROP CONSTRAINT books_author_fkey;
-- down: CREATE TABLE books (id bigint);
-- up:
-- compat: breaking
DROP TABLE books;
-- row: DROP TABLE that another refers to
-- expect: referenced-table-dropped@2
-- cost: books, ACCESS EXCLUSIVE
-- before: ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- down: CREATE TABLE authors (id bigint);
-- up:
-- compat: breaking
DROP TABLE authors CASCADE;
-- row: RENAME COLUMN and DROP COLUMN, called additive
-- expect: wrong-compat@2 wrong-compat@3 wrong-compat@4
-- cost: books, ACCESS EXCLUSIVE
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TABLE books RENAME COLUMN title TO name;
ALTER TABLE books DROP pages;
ALTER TABLE books RENAME TO volumes;
-- row: RENAME COLUMN and DROP COLUMN, called breaking
-- cost: books, ACCESS EXCLUSIVE
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE books RENAME COLUMN title TO name;
ALTER TABLE books DROP pages;
ALTER TABLE books RENAME TO volumes;
-- row: SET NOT NULL, called additive
-- expect: wrong-compat@2
-- cost: books, ACCESS EXCLUSIVE
-- before: ALTER TABLE books ADD CONSTRAINT books_pages_there CHECK (pages IS NOT NULL);
-- down: ALTER TABLE books ALTER COLUMN pages DROP NOT NULL;
-- up:
-- compat: additive
ALTER TABLE books ALTER COLUMN pages SET NOT NULL;
-- row: views and defaults taken away, called additive
-- expect: wrong-compat@2 wrong-compat@3
-- before: CREATE VIEW titles AS SELECT title FROM books;
-- down: CREATE VIEW titles AS SELECT title FROM books;
-- up:
-- compat: additive
DROP VIEW titles;
ALTER TABLE books ALTER COLUMN pages DROP DEFAULT;

-- row: UPDATE of everything
-- expect: every-row-changed@2
-- cost: books, ROW EXCLUSIVE, scans
-- down: SELECT 1;
-- up:
-- compat: additive
UPDATE books SET code = 'none';
-- row: DELETE of everything, under WITH
-- expect: every-row-changed@2
-- cost: books, ROW EXCLUSIVE, scans
-- down: SELECT 1;
-- up:
-- compat: additive
WITH gone AS (DELETE FROM books WHERE true RETURNING id) SELECT count(*) FROM gone;
-- row: an UPDATE of a batch
-- cost: books, ROW EXCLUSIVE
-- down: SELECT 1;
-- up:
-- compat: additive
UPDATE books SET code = 'where' WHERE id BETWEEN 1 AND 10;
-- row: TRUNCATE
-- expect: ban-truncate@2
-- cost: books, ACCESS EXCLUSIVE, rewrites
-- down: SELECT 1;
-- up:
-- compat: breaking
TRUNCATE books;
-- row: TRUNCATE CASCADE
-- expect: ban-truncate-cascade@2
-- cost: books, ACCESS EXCLUSIVE, rewrites
-- before: ALTER TABLE books ADD CONSTRAINT books_author_fkey FOREIGN KEY (author) REFERENCES authors (id);
-- down: SELECT 1;
-- up:
-- compat: breaking
TRUNCATE TABLE authors CASCADE;
-- row: VACUUM FULL
-- expect: rewriting-table@3
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: SELECT 1;
-- up:
-- no-transaction
-- compat: additive
VACUUM FULL books;
-- row: VACUUM in a transaction
-- expect: not-in-transaction@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: additive
VACUUM books;
-- row: CLUSTER
-- expect: rewriting-table@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: SELECT 1;
-- up:
-- compat: additive
CLUSTER books USING books_title_idx;
-- row: SET UNLOGGED
-- expect: rewriting-table@2
-- cost: books, ACCESS EXCLUSIVE, rewrites, scans
-- down: ALTER TABLE books SET LOGGED;
-- up:
-- compat: additive
ALTER TABLE books SET UNLOGGED;
-- row: a check on a domain
-- expect: ban-alter-domain-with-add-constraint@2
-- cost: books, SHARE, scans
-- before: CREATE DOMAIN shelf AS text; ALTER TABLE books ADD COLUMN place shelf;
-- down: ALTER DOMAIN shelf DROP CONSTRAINT shelf_filled;
-- up:
-- compat: additive
ALTER DOMAIN shelf ADD CONSTRAINT shelf_filled CHECK (value <> '');
-- row: DETACH PARTITION
-- expect: require-concurrent-partition-detach@2
-- cost: events, ACCESS EXCLUSIVE
-- before: CREATE TABLE events (id bigint) PARTITION BY RANGE (id);
-- before: CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TABLE events DETACH PARTITION events_1;

-- row: VALIDATE in the statement that added it
-- expect: validate-in-same-transaction@2
-- down: ALTER TABLE books DROP CONSTRAINT books_pages_positive;
-- cost: books, ACCESS EXCLUSIVE, scans
-- up:
-- compat: additive
ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0) NOT VALID, VALIDATE CONSTRAINT books_pages_positive;
-- row: a table dropped and made again
-- expect: wrong-compat@2
-- down: DROP TABLE books;
-- up:
-- compat: additive
DROP TABLE books;
CREATE TABLE books (id bigint PRIMARY KEY);
CREATE TEMPORARY TABLE shelves (id bigint);
-- row: two risky statements
-- expect: require-concurrent-index-creation@2 require-concurrent-index-creation@3 several-risky-statements@3
-- cost: books, SHARE, scans
-- down: DROP INDEX books_code_idx; DROP INDEX books_author_idx;
-- up:
-- compat: additive
CREATE INDEX books_code_idx ON books (code);
CREATE INDEX books_author_idx ON books (author);
-- row: nothing declared
-- expect: undeclared-compat@1
-- down: DROP TABLE shelves;
-- up:
CREATE TABLE shelves (id bigint);
-- row: transaction control
-- expect: transaction-control@3
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id bigint);
COMMIT;
-- row: a rebuild is not for this database
-- expect: rebuild-on-postgres@1
-- down: DROP TABLE shelves;
-- up:
-- rebuild
-- compat: additive
CREATE TABLE shelves (id bigint);
-- row: a down file that leaves things behind
-- expect: down-does-not-undo@2 down-does-not-undo@3 down-does-not-undo@4 down-does-not-undo@6
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE floors (id bigint);
ALTER TABLE books ADD floor bigint,
    ADD COLUMN shelf bigint;
CREATE TABLE shelves (id bigint);
ALTER TABLE books ADD CONSTRAINT books_pages_positive CHECK (pages > 0) NOT VALID;
-- row: a waiver without a finding
-- expect: unused-waiver@2
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
-- allow: every-row-changed there are few
CREATE TABLE shelves (id bigint);
-- row: a waiver with a finding
-- down: SELECT 1;
-- up:
-- compat: additive
-- allow: every-row-changed there are few
UPDATE books SET code = 'none';
-- row: what squawk would be told not to see
-- expect: wrong-compat@3
-- down: SELECT 1;
-- up:
-- compat: additive
-- squawk-ignore ban-drop-column
ALTER TABLE books DROP COLUMN pages;
-- row: not SQL
-- expect: syntax-error@3
-- fails:
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id bigint);
ALTER TABLE books ADD COLUMNS shelf text, floor text;
-- row: matters of taste that are none of ours
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id serial PRIMARY KEY, name varchar(20), floor smallint);
-- row: types that surprise
-- expect: ban-char-field@2 prefer-timestamptz@2
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id bigint, name char(20), since timestamp);
-- row: a name that is cut off
-- expect: identifier-too-long@2
-- down: DROP TABLE a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps;
-- up:
-- compat: additive
CREATE TABLE a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps (id bigint);
-- row: a column set twice
-- expect: ban-duplicate-column-assignments@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: additive
UPDATE books SET code = 'a', code = 'b' WHERE id = 1;
-- row: an enum's new value without a place
-- expect: require-enum-value-ordering@2
-- before: CREATE TYPE genre AS ENUM ('novel', 'essay');
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TYPE genre ADD VALUE 'poem';
-- row: another database dropped
-- expect: ban-drop-database@3
-- down: SELECT 1;
-- up:
-- no-transaction
-- compat: breaking
DROP DATABASE IF EXISTS not_there_at_all;
-- row: an index renamed
-- cost: books, none
-- down: ALTER INDEX books_name_idx RENAME TO books_title_idx;
-- up:
-- compat: additive
ALTER INDEX books_title_idx RENAME TO books_name_idx;
-- row: a constraint renamed, called additive
-- expect: wrong-compat@2
-- down: ALTER TABLE books RENAME CONSTRAINT books_key TO books_pkey;
-- up:
-- compat: additive
ALTER TABLE books RENAME CONSTRAINT books_pkey TO books_key;
-- row: a view replaced
-- before: CREATE VIEW titles AS SELECT title FROM books;
-- down: CREATE OR REPLACE VIEW titles AS SELECT title FROM books;
-- up:
-- compat: additive
CREATE OR REPLACE VIEW titles AS SELECT title FROM books WHERE pages > 1;
-- row: an index on a materialised view of the same file
-- down: DROP MATERIALIZED VIEW known;
-- up:
-- compat: additive
CREATE MATERIALIZED VIEW known AS SELECT id, title FROM books;
CREATE UNIQUE INDEX known_idx ON known (id);
-- row: a check of a domain that is not valid yet
-- before: CREATE DOMAIN short AS text;
-- down: ALTER DOMAIN short DROP CONSTRAINT short_length;
-- up:
-- compat: breaking
ALTER DOMAIN short ADD CONSTRAINT short_length CHECK (char_length(VALUE) < 9) NOT VALID;
-- row: a foreign key without a name, dropped with the table after it was renamed
-- cost: authors, none
-- before: ALTER TABLE books ADD FOREIGN KEY (author) REFERENCES authors (id);
-- before: ALTER TABLE books RENAME TO volumes;
-- before: ALTER TABLE volumes RENAME CONSTRAINT books_author_fkey TO volumes_author_fkey;
-- before: ALTER TABLE volumes DROP CONSTRAINT volumes_author_fkey;
-- down: CREATE TABLE volumes (id bigint);
-- up:
-- compat: breaking
DROP TABLE volumes;
-- row: a table renamed that refers to itself
-- before: ALTER TABLE books ADD CONSTRAINT books_itself FOREIGN KEY (author) REFERENCES books (id) NOT VALID;
-- before: ALTER TABLE books RENAME TO volumes;
-- down: CREATE TABLE volumes (id bigint);
-- up:
-- compat: breaking
DROP TABLE volumes;
-- row: ADD PRIMARY KEY USING an index that was renamed with its column
-- cost: volumes, ACCESS EXCLUSIVE
-- before: ALTER TABLE books DROP CONSTRAINT books_pkey;
-- before: CREATE UNIQUE INDEX books_id_idx ON books (id);
-- before: ALTER TABLE books RENAME COLUMN id TO number;
-- before: ALTER INDEX books_id_idx RENAME TO books_number_idx;
-- before: ALTER TABLE books RENAME TO volumes;
-- down: ALTER TABLE volumes DROP CONSTRAINT volumes_pkey;
-- up:
-- compat: additive
ALTER TABLE volumes ADD CONSTRAINT volumes_pkey PRIMARY KEY USING INDEX books_number_idx;
