-- Orders as they stand, and their history. The row of an order always equals its last event.

CREATE TABLE orders (
    order_id      uuid PRIMARY KEY,
    order_type    text NOT NULL CHECK (order_type IN ('MARKET')),
    input_mint    text NOT NULL CHECK (length(input_mint) BETWEEN 32 AND 44),
    output_mint   text NOT NULL CHECK (length(output_mint) BETWEEN 32 AND 44),
    -- Base units of the input mint: the whole range of u64.
    amount_in     numeric(20, 0) NOT NULL CHECK (amount_in > 0),
    slippage_bps  integer NOT NULL CHECK (slippage_bps BETWEEN 0 AND 10000),
    status        text NOT NULL,
    -- Number of the last event; every update names the sequence that it expects here.
    sequence      integer NOT NULL CHECK (sequence > 0),
    attempt       integer NOT NULL CHECK (attempt >= 0),
    -- The signed transaction of the attempt under way: committed before it is first sent.
    signature                text CHECK (length(signature) BETWEEN 64 AND 88),
    transaction              bytea,
    last_valid_block_height  bigint,
    -- When the next step may be taken.
    due_at        timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK (input_mint <> output_mint),
    CHECK (
        status NOT IN ('building', 'submitted', 'confirmed')
        OR (signature IS NOT NULL AND transaction IS NOT NULL
            AND last_valid_block_height IS NOT NULL)
    )
);

CREATE INDEX orders_newest_first ON orders (created_at DESC, order_id DESC);
CREATE INDEX orders_unfinished ON orders (due_at) WHERE status NOT IN ('confirmed', 'failed');

CREATE TABLE order_events (
    order_id     uuid NOT NULL REFERENCES orders,
    sequence     integer NOT NULL CHECK (sequence > 0),
    status       text NOT NULL,
    attempt      integer NOT NULL CHECK (attempt >= 0),
    occurred_at  timestamptz NOT NULL,
    details      jsonb NOT NULL,
    PRIMARY KEY (order_id, sequence)
);
