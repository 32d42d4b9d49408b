-- compat: additive
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    item TEXT NOT NULL
);
