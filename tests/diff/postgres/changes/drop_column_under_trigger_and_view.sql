-- A column goes that a trigger, a view and a generated column use.
--- from
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(80) NOT NULL,
    updated_at timestamptz,
    note text,
    note_key text GENERATED ALWAYS AS (lower(note)) STORED
);
CREATE TRIGGER tasks_touch BEFORE UPDATE OF note ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW notes AS SELECT id, note FROM tasks;
--- rows
INSERT INTO tasks (title, note) SELECT 'task ' || n, 'Note ' || n FROM generate_series(1, 50) n;
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
