-- compat: additive
-- The index refers to the rows of tasks and holds no copy of the text; three triggers keep it in step.
CREATE VIRTUAL TABLE tasks_search USING fts5 (
    search_text,
    content = 'tasks',
    content_rowid = 'number',
    tokenize = 'trigram case_sensitive 1'
);
INSERT INTO tasks_search (tasks_search) VALUES ('rebuild');
CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO tasks_search (rowid, search_text) VALUES (new.number, new.search_text);
END;
CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks BEGIN
    INSERT INTO tasks_search (tasks_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
END;
CREATE TRIGGER tasks_search_update AFTER UPDATE OF search_text ON tasks WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO tasks_search (tasks_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
    INSERT INTO tasks_search (rowid, search_text) VALUES (new.number, new.search_text);
END;
