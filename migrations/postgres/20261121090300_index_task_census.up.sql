-- compat: additive
-- allow: require-concurrent-index-creation the table is empty: no release has served before this version
-- Counts by status and priority, which every instance takes every few seconds, without reading the table.
CREATE INDEX tasks_status_priority_idx ON tasks (status, priority);
