-- compat: additive
-- Requests that are carried out once, and what was answered to them. A key and its answer become visible together,
-- with the work itself, so the answer is null only inside the transaction that does the work.
CREATE TABLE idempotency_keys (
    key         TEXT    NOT NULL CONSTRAINT idempotency_keys_pkey PRIMARY KEY,
    fingerprint BLOB    NOT NULL,
    claimed_at  INTEGER NOT NULL,
    status      INTEGER,
    location    TEXT,
    entity_tag  TEXT,
    body        TEXT,
    CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK (length(fingerprint) = 32)
) STRICT;
CREATE INDEX idempotency_keys_claimed_at_idx ON idempotency_keys (claimed_at);
