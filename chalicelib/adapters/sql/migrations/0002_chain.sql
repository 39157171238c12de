-- The simulated chain's ledger. The engine never reads or writes it but through the Chain port.

CREATE SCHEMA chain;

CREATE TABLE chain.transactions (
    signature     text PRIMARY KEY,
    landing_slot  bigint NOT NULL,
    -- "<order id>:<attempt>", read from the transaction's memo instruction.
    memo          text NOT NULL,
    pool_address  text NOT NULL,
    input_mint    text NOT NULL,
    output_mint   text NOT NULL,
    amount_in     numeric(20, 0) NOT NULL,
    -- What the swap paid out; NULL when the transaction landed and failed.
    amount_out    numeric(20, 0),
    error_code    text,
    wire_bytes    bytea NOT NULL,
    CHECK ((amount_out IS NULL) <> (error_code IS NULL))
);

CREATE INDEX transactions_by_memo ON chain.transactions (memo);
