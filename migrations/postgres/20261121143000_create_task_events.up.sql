-- compat: additive
-- What happened to tasks, in the order in which it is told: written in the statement that changes the task, and
-- pruned after a day. Refers to no task, and stays where it is when tasks is distributed (Citus): ids must follow
-- one another.
CREATE TABLE task_events (
    id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    -- the task as it was after the change; before it, where it was deleted
    task_id      uuid        NOT NULL,
    number       bigint      NOT NULL,
    title        text        NOT NULL,
    description  text,
    status       text        NOT NULL,
    priority     text        NOT NULL,
    assignee     text,
    due_date     timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    completed_at timestamptz,
    version      bigint      NOT NULL,
    CONSTRAINT task_events_pkey PRIMARY KEY (id),
    CONSTRAINT task_events_kind_known CHECK (kind IN ('created', 'updated', 'deleted'))
);
