DROP INDEX tasks_assignee_idx;
DROP INDEX tasks_due_date_latest_first_idx;
DROP INDEX tasks_due_date_idx;
DROP INDEX tasks_created_at_idx;
DROP INDEX tasks_number_idx;
