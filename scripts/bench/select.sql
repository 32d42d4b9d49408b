SELECT id, number, title, description, status, priority, assignee, due_date, created_at, updated_at, completed_at, version FROM tasks WHERE id = :id;
