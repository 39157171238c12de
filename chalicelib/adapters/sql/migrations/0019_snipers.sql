-- Orders that wait for a new pool: what they buy is found with it. Until then its mint is empty, or
-- the one that is waited for, and its symbol is empty.

ALTER TABLE orders
    DROP CONSTRAINT orders_order_type_check,
    ADD CONSTRAINT orders_order_type_check
        CHECK (order_type IN ('MARKET', 'LIMIT', 'STOP', 'TRAILING_STOP', 'OCO', 'EXIT', 'DCA',
                              'TWAP', 'SNIPER')),
    DROP CONSTRAINT orders_output_mint_check,
    ADD CONSTRAINT orders_output_mint_check
        CHECK (length(output_mint) BETWEEN 32 AND 44 OR order_type = 'SNIPER'),
    DROP CONSTRAINT orders_output_symbol_check,
    ADD CONSTRAINT orders_output_symbol_check
        CHECK (length(output_symbol) BETWEEN 1 AND 32 OR order_type = 'SNIPER'),
    -- What has been met so far.
    ADD COLUMN hunt jsonb CHECK (jsonb_typeof(hunt) = 'object');

-- The last new pool that ticks have looked at.
ALTER TABLE watch_cursor
    ADD COLUMN pool_slot    bigint NOT NULL DEFAULT 0,
    ADD COLUMN pool_address text NOT NULL DEFAULT '';

CREATE INDEX watches_hunting ON watches (output_mint) WHERE kind = 'pool';
