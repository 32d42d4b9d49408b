-- Quotes where they must be.
--- from
CREATE TABLE "order" (id INTEGER PRIMARY KEY, "group" TEXT, "first name" TEXT, "it's" TEXT);
--- rows
INSERT INTO "order" ("group", "first name", "it's") VALUES ('a', 'b', 'c');
--- to
CREATE TABLE "order" (id INTEGER PRIMARY KEY, "group" TEXT NOT NULL, "first name" TEXT, "it's" TEXT, "a""b" TEXT);
CREATE INDEX "by group" ON "order" ("group");
