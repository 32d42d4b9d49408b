-- no-transaction
-- compat: additive
-- Tasks that were completed since some day, without reading the table.
CREATE INDEX CONCURRENTLY tasks_completed_at_idx ON tasks (completed_at) WHERE completed_at IS NOT NULL;
