-- compat: additive
-- Lists by time of the last change, newest first; the other direction walks it backward and sorts ties only.
CREATE INDEX tasks_updated_at_idx ON tasks (updated_at DESC, id);
