-- compat: additive
-- The number is the table's own key and needs no index.
CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id);
-- No due date sorts last, so it is indexed as the latest.
CREATE INDEX tasks_due_date_idx ON tasks (coalesce(due_date, 9223372036854775807), id);
