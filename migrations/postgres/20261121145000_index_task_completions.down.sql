-- no-transaction
DROP INDEX CONCURRENTLY tasks_completed_at_idx;
