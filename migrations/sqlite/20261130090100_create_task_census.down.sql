DROP TABLE task_census;
