-- compat: additive
CREATE INDEX tasks_number_idx ON tasks (number);
CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id);
-- No due date sorts last, so it is indexed as the latest.
CREATE INDEX tasks_due_date_idx ON tasks (coalesce(due_date, 'infinity'), id);
