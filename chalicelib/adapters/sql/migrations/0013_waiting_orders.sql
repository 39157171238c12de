-- Orders that wait for a price: their terms, and what a slot's rates are compared with.

ALTER TABLE orders
    DROP CONSTRAINT orders_order_type_check,
    ADD CONSTRAINT orders_order_type_check
        CHECK (order_type IN ('MARKET', 'LIMIT', 'STOP', 'TRAILING_STOP', 'OCO')),
    ADD COLUMN terms         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(terms) = 'object'),
    ADD COLUMN expires_at    timestamptz,
    -- Triggers heed later slots.
    ADD COLUMN armed_slot    bigint,
    ADD COLUMN triggered_at  timestamptz,
    ADD CHECK (status <> 'open' OR (expires_at IS NOT NULL AND armed_slot IS NOT NULL));

-- An open order is in nobody's hand, and an expired one is final. The version before looks for its own
-- in `orders_under_way` and `orders_cancelled_to_tell` while a deployment replaces it: a later
-- migration drops those.
DROP INDEX orders_unfinished;
CREATE INDEX orders_in_hand ON orders (coalesce(sweep_at, due_at))
    WHERE status IN ('pending', 'routing', 'building', 'submitted');
-- Orders at rest whose followers have perhaps not been told.
CREATE INDEX orders_to_tell ON orders (sweep_at)
    WHERE status IN ('open', 'cancelled', 'expired') AND sweep_at IS NOT NULL;
CREATE INDEX orders_open ON orders (owner_id) WHERE status = 'open';

-- A row for each leg of each open order, and none for any other. Rates and keys are whole numbers of
-- 10^-30 base units of the output for one of the input.
CREATE TABLE watches (
    order_id      uuid NOT NULL REFERENCES orders,
    leg           smallint NOT NULL,
    kind          text NOT NULL,
    input_mint    text NOT NULL,
    output_mint   text NOT NULL,
    side          text NOT NULL CHECK (side IN ('above', 'below')),
    -- NULL while there is nothing to compare with: a trailing stop before its first slot, a limit
    -- that a worker is looking at.
    key           numeric,
    -- A limit's own key, whatever it has been set to since.
    key_first     numeric,
    trailing_bps  integer CHECK (trailing_bps BETWEEN 1 AND 9999),
    -- A trailing stop's best rate so far, 0 before any.
    mark          numeric,
    armed_slot    bigint NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- A limit's: the rate at which a worker was last asked, and when to ask again.
    asked_at_rate numeric,
    recheck_at    timestamptz,
    PRIMARY KEY (order_id, leg)
);

CREATE INDEX watches_above ON watches (input_mint, output_mint, key) WHERE side = 'above';
CREATE INDEX watches_below ON watches (input_mint, output_mint, key) WHERE side = 'below';
CREATE INDEX watches_trailing ON watches (input_mint, output_mint, mark) WHERE mark IS NOT NULL;
CREATE INDEX watches_expiring ON watches (expires_at);
CREATE INDEX watches_rechecked ON watches (recheck_at) WHERE recheck_at IS NOT NULL;

-- How far the watcher is, and which of those that run is at work. The lease saves work, the slot is
-- what keeps triggers from firing twice.
CREATE TABLE watch_cursor (
    is_only      boolean PRIMARY KEY CHECK (is_only),
    slot         bigint NOT NULL,
    ticked_at    timestamptz NOT NULL,
    holder       text NOT NULL,
    leased_until timestamptz NOT NULL
);

INSERT INTO watch_cursor VALUES (true, 0, '-infinity', '', '-infinity');
