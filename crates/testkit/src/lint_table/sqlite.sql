-- base:
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE books (
    id     INTEGER PRIMARY KEY,
    title  TEXT NOT NULL,
    code   TEXT UNIQUE,
    author INTEGER REFERENCES authors (id) ON DELETE CASCADE,
    pages  INTEGER,
    price  INTEGER CHECK (price > 0),
    notes  TEXT
) STRICT;
CREATE INDEX books_title_idx ON books (title);
-- rows:
INSERT INTO authors VALUES (1, 'one');
INSERT INTO books VALUES (1, 'title', 'code', 1, 10, 20, NULL), (2, 'other', 'c', NULL, NULL, NULL, NULL);

-- row: a nullable column
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf TEXT;
-- row: columns with a constant default
-- down: ALTER TABLE books DROP COLUMN shelf; ALTER TABLE books DROP COLUMN floor; ALTER TABLE books DROP COLUMN twice;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf TEXT NOT NULL DEFAULT 'none';
ALTER TABLE books ADD COLUMN floor INTEGER DEFAULT (-1);
ALTER TABLE books ADD COLUMN twice INTEGER GENERATED ALWAYS AS (pages * 2) VIRTUAL;
-- row: a column NOT NULL without a default
-- expect: adding-required-field@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf TEXT NOT NULL;
-- row: a column NOT NULL with null as default
-- expect: adding-required-field@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN shelf;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN shelf TEXT DEFAULT NULL NOT NULL;
-- row: a unique column
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN isbn;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN isbn TEXT UNIQUE;
-- row: the safe form of a unique column
-- down: DROP INDEX books_isbn_idx; ALTER TABLE books DROP COLUMN isbn;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN isbn TEXT;
CREATE UNIQUE INDEX books_isbn_idx ON books (isbn);
-- row: a primary key column
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN key;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN key INTEGER PRIMARY KEY;
-- row: an expression as default
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN since;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN since TEXT DEFAULT (datetime('now'));
-- row: the time as default
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN since;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN since TEXT DEFAULT CURRENT_TIMESTAMP;
-- row: a sum as default
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN floor;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN floor INTEGER DEFAULT (1 + 1);
-- row: a stored generated column
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN twice;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN twice INTEGER GENERATED ALWAYS AS (pages * 2) STORED;
-- row: a reference with a default
-- expect: unsupported-add-column@2
-- fails:
-- down: ALTER TABLE books DROP COLUMN editor;
-- up:
-- compat: additive
ALTER TABLE books ADD COLUMN editor INTEGER DEFAULT 1 REFERENCES authors (id);

-- row: DROP COLUMN, called additive
-- expect: wrong-compat@2
-- down: ALTER TABLE books ADD COLUMN notes TEXT;
-- up:
-- compat: additive
ALTER TABLE books DROP COLUMN notes;
-- row: DROP COLUMN of an indexed one
-- expect: unsupported-drop-column@2
-- fails:
-- down: ALTER TABLE books ADD COLUMN title TEXT;
-- up:
-- compat: breaking
ALTER TABLE books DROP COLUMN title;
-- row: DROP COLUMN after its index
-- down: ALTER TABLE books ADD COLUMN title TEXT; CREATE INDEX books_title_idx ON books (title);
-- up:
-- compat: breaking
DROP INDEX books_title_idx;
ALTER TABLE books DROP COLUMN title;
-- row: DROP COLUMN of a unique one
-- expect: unsupported-drop-column@2
-- fails:
-- down: ALTER TABLE books ADD COLUMN code TEXT;
-- up:
-- compat: breaking
ALTER TABLE books DROP COLUMN code;
-- row: DROP COLUMN of the key
-- expect: unsupported-drop-column@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE books DROP COLUMN id;
-- row: DROP COLUMN that a table's foreign key names
-- expect: unsupported-drop-column@2
-- fails:
-- before: CREATE TABLE loans (id INTEGER PRIMARY KEY, book INTEGER, FOREIGN KEY (book) REFERENCES books (id));
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE loans DROP COLUMN book;
-- row: DROP COLUMN that a view shows
-- expect: unsupported-drop-column@2
-- fails:
-- before: CREATE VIEW noted AS SELECT notes FROM books;
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE books DROP COLUMN notes;
-- row: an ALTER that SQLite has not
-- expect: unsupported-alter-table@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE books ALTER COLUMN pages TYPE TEXT;
-- row: a constraint added
-- expect: unsupported-alter-table@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: breaking
ALTER TABLE books ADD CONSTRAINT pages_positive CHECK (pages > 0);
-- row: a rebuild
-- down: SELECT 1;
-- up:
-- rebuild
-- compat: breaking
CREATE TABLE books_new (id INTEGER PRIMARY KEY, title TEXT NOT NULL, pages TEXT) STRICT;
INSERT INTO books_new SELECT id, title, CAST(pages AS TEXT) FROM books;
DROP TABLE books;
ALTER TABLE books_new RENAME TO books;
-- row: DROP of a table that another refers to
-- expect: referenced-table-dropped@2
-- down: CREATE TABLE authors (id INTEGER PRIMARY KEY);
-- up:
-- compat: breaking
DROP TABLE authors;
-- row: RENAME of a table that another refers to
-- expect: referenced-table-dropped@2
-- down: ALTER TABLE writers RENAME TO authors;
-- up:
-- compat: breaking
ALTER TABLE authors RENAME TO writers;
-- row: DROP of a table to which nothing refers any more
-- before: DROP TABLE books;
-- down: CREATE TABLE authors (id INTEGER PRIMARY KEY);
-- up:
-- compat: breaking
DROP TABLE authors;
-- row: RENAME COLUMN, called additive
-- expect: wrong-compat@2 wrong-compat@3
-- before: CREATE VIEW noted AS SELECT notes FROM books;
-- down: SELECT 1;
-- up:
-- compat: additive
ALTER TABLE books RENAME COLUMN title TO name;
DROP VIEW noted;

-- row: a table dropped and made again
-- expect: wrong-compat@2
-- down: DROP TABLE books;
-- up:
-- compat: additive
DROP TABLE books;
CREATE TABLE books (id INTEGER PRIMARY KEY);
-- row: no transaction
-- expect: no-transaction-on-sqlite@1
-- down: DROP TABLE shelves;
-- up:
-- no-transaction
-- compat: additive
CREATE TABLE shelves (id INTEGER);
-- row: foreign keys switched off
-- expect: pragma-foreign-keys@2
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
PRAGMA foreign_keys = OFF;
CREATE TABLE shelves (id INTEGER);
-- row: UPDATE and DELETE of everything
-- expect: every-row-changed@2 every-row-changed@3
-- down: SELECT 1;
-- up:
-- compat: additive
UPDATE books SET notes = 'x';
DELETE FROM books;
-- row: UPDATE of some, and of a new table
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id INTEGER);
UPDATE books SET notes = 'x' WHERE id = 1;
DELETE FROM shelves;
-- row: VACUUM
-- expect: not-in-transaction@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: additive
VACUUM;
-- row: transaction control
-- expect: transaction-control@3
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id INTEGER);
COMMIT;
-- row: nothing declared
-- expect: undeclared-compat@1
-- down: DROP TABLE shelves;
-- up:
CREATE TABLE shelves (id INTEGER);
-- row: search, triggers, and a table without row ids
-- down: DROP TRIGGER books_found; DROP TABLE books_search; DROP TABLE words;
-- up:
-- compat: additive
CREATE VIRTUAL TABLE books_search USING fts5 (title, content = 'books', content_rowid = 'id', tokenize = 'trigram');
INSERT INTO books_search (books_search) VALUES ('rebuild');
CREATE TRIGGER books_found AFTER UPDATE OF title ON books WHEN old.title <> new.title BEGIN
    INSERT INTO books_search (books_search, rowid, title) VALUES ('delete', old.id, old.title);
    UPDATE books SET notes = 'seen';
END;
CREATE TABLE words (word TEXT PRIMARY KEY, at ANY) STRICT, WITHOUT ROWID;
-- row: a down file that leaves things behind
-- expect: down-does-not-undo@3 down-does-not-undo@4
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id INTEGER);
ALTER TABLE books ADD shelf INTEGER;
CREATE VIEW titles AS SELECT title FROM books;
-- row: a waiver without a finding
-- expect: unused-waiver@2
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
-- allow: every-row-changed there are few
CREATE TABLE shelves (id INTEGER);
-- row: not SQL
-- expect: syntax-error@3
-- fails:
-- down: DROP TABLE shelves;
-- up:
-- compat: additive
CREATE TABLE shelves (id INTEGER);
CREATE INDEX shelves_id_idx OF shelves (id);
-- row: a table that is not there
-- expect: statement-refused@2
-- fails:
-- down: SELECT 1;
-- up:
-- compat: additive
CREATE INDEX shelves_id_idx ON shelves (id);
