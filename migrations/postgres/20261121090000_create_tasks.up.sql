-- compat: additive
-- Distributable by id (Citus): nothing unique without id, no foreign key, no trigger.
CREATE TABLE tasks (
    id           uuid        NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
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
    -- title, description and assignee, folded for search, one line each
    search_text  text        NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT tasks_description_length CHECK (char_length(description) <= 1000),
    CONSTRAINT tasks_assignee_length CHECK (char_length(assignee) BETWEEN 1 AND 100),
    CONSTRAINT tasks_status_known CHECK (status IN ('todo', 'in_progress', 'done')),
    CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')),
    CONSTRAINT tasks_completed_when_done CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    CONSTRAINT tasks_version_positive CHECK (version >= 1)
);
