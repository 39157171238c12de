-- Whose an order is, what a client may repeat without placing it twice, and how much is too much.

ALTER TABLE orders
    ADD COLUMN owner_id text NOT NULL DEFAULT 'anonymous'
        CHECK (length(owner_id) BETWEEN 1 AND 64);
DROP INDEX orders_newest_first;
CREATE INDEX orders_newest_first ON orders (owner_id, created_at DESC, order_id DESC);

CREATE TABLE idempotency_keys (
    owner_id     text NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of what was asked.
    fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
    order_id     uuid NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (owner_id, key)
);

CREATE INDEX idempotency_keys_oldest_first ON idempotency_keys (created_at);

-- One row for each owner: what was used of the window under way. An order too many breaks the
-- constraint, and with it its whole statement.
CREATE TABLE order_rates (
    owner_id      text PRIMARY KEY,
    window_start  timestamptz NOT NULL,
    used          integer NOT NULL,
    most          integer NOT NULL,
    CONSTRAINT order_rate_is_kept CHECK (used <= most)
);

CREATE TABLE api_keys (
    key_id       text PRIMARY KEY,
    owner_id     text NOT NULL CHECK (length(owner_id) BETWEEN 1 AND 64),
    scope        text NOT NULL CHECK (scope IN ('read', 'trade')),
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);
