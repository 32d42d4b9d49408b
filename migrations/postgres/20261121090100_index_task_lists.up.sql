-- compat: additive
-- allow: require-concurrent-index-creation the table is empty: no release has served before this version
-- allow: several-risky-statements the table is empty: no release has served before this version
CREATE INDEX tasks_number_idx ON tasks (number);
CREATE INDEX tasks_created_at_idx ON tasks (created_at DESC, id);
-- No due date sorts last, so it is indexed as the latest.
CREATE INDEX tasks_due_date_idx ON tasks (coalesce(due_date, 'infinity'), id);
-- The same from the latest on, where no due date is the earliest: it sorts last there too.
CREATE INDEX tasks_due_date_latest_first_idx ON tasks (coalesce(due_date, '-infinity') DESC, id);
-- A person's own tasks, newest first, however few of all they are.
CREATE INDEX tasks_assignee_idx ON tasks (assignee, created_at DESC, id);
