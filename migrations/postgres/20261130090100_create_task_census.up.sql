-- compat: additive
-- The last count of all tasks, in one row (id 1): one replica counts, the others read.
CREATE TABLE task_census (
    id         bigint      NOT NULL,
    counted_at timestamptz NOT NULL,
    -- how long the count took, in microseconds
    cost_us    bigint      NOT NULL,
    -- a JSON array of [status, priority, tasks]
    lines      text        NOT NULL,
    CONSTRAINT task_census_pkey PRIMARY KEY (id)
);
