-- compat: additive
-- Requests that are carried out once, and what was answered to them. A key and its answer become visible together,
-- with the work itself, so the answer is null only inside the transaction that does the work.
CREATE TABLE idempotency_keys (
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    claimed_at  timestamptz NOT NULL,
    status      bigint,
    location    text,
    entity_tag  text,
    body        text,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key),
    CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32)
);
CREATE INDEX idempotency_keys_claimed_at_idx ON idempotency_keys (claimed_at);
