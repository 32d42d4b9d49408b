-- A function and a trigger that calls it.
--- from
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    updated_at timestamptz
);
--- rows
INSERT INTO tasks (title) SELECT 'task ' || n FROM generate_series(1, 50) n;
--- to
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    updated_at timestamptz
);
CREATE TRIGGER tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
