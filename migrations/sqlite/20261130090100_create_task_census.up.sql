-- compat: additive
-- The last count of all tasks, in one row (id 1). Only PostgreSQL has replicas that share it; here it stays empty.
CREATE TABLE task_census (
    id         INTEGER NOT NULL PRIMARY KEY,
    counted_at INTEGER NOT NULL,
    -- how long the count took, in microseconds
    cost_us    INTEGER NOT NULL,
    -- a JSON array of [status, priority, tasks]
    lines      TEXT    NOT NULL
) STRICT;
