DROP INDEX tasks_completed_at_idx;
