-- compat: additive
-- allow: require-concurrent-index-creation the table is empty: no release has served before this version
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX tasks_search_text_idx ON tasks USING gin (search_text gin_trgm_ops);
