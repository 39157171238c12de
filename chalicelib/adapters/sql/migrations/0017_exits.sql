-- Orders that sell again what others have bought: a type of their own, and a leg that a time meets.

ALTER TABLE orders
    DROP CONSTRAINT orders_order_type_check,
    ADD CONSTRAINT orders_order_type_check
        CHECK (order_type IN ('MARKET', 'LIMIT', 'STOP', 'TRAILING_STOP', 'OCO', 'EXIT'));

ALTER TABLE watches ADD COLUMN fires_at timestamptz;

CREATE INDEX watches_timed ON watches (fires_at) WHERE fires_at IS NOT NULL;
