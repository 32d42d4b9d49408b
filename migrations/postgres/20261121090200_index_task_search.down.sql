-- The extension stays: others may use it.
DROP INDEX tasks_search_text_idx;
