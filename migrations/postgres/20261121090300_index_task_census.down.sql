DROP INDEX tasks_status_priority_idx;
