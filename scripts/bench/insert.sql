\set version 1
INSERT INTO tasks (id, title, description, status, priority, assignee, due_date, created_at, updated_at, completed_at, version, search_text) VALUES (gen_random_uuid(), :title, :description, :status, :priority, :assignee, :due_date, now(), now(), NULL, :version, :search_text) RETURNING number;
