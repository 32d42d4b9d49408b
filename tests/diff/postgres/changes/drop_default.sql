-- No default any more.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    created_at timestamptz DEFAULT now()
);
--- rows
INSERT INTO tasks (title, created_at) SELECT 'task ' || n, timestamptz '2024-01-01' + n * interval '1 day' FROM generate_series(1, 50) n;
--- to
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    created_at timestamptz
);
