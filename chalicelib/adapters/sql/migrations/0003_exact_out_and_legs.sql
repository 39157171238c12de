-- Orders for an exact output, and swaps over several pools.

-- One of the two amounts is given; the other follows from the pools.
ALTER TABLE orders
    ALTER COLUMN amount_in DROP NOT NULL,
    -- Base units of the output mint.
    ADD COLUMN amount_out numeric(20, 0) CHECK (amount_out > 0),
    ADD CHECK ((amount_in IS NULL) <> (amount_out IS NULL));

ALTER TABLE chain.transactions
    -- What each pool took and gave: [{pool_address, input_mint, output_mint, amount_in, amount_out}].
    ADD COLUMN legs jsonb NOT NULL DEFAULT '[]',
    ALTER COLUMN amount_in DROP NOT NULL;

UPDATE chain.transactions
   SET legs = jsonb_build_array(jsonb_build_object(
           'pool_address', pool_address, 'input_mint', input_mint, 'output_mint', output_mint,
           'amount_in', amount_in, 'amount_out', amount_out))
 WHERE error_code IS NULL;

-- What failed moved nothing.
UPDATE chain.transactions SET amount_in = NULL WHERE error_code IS NOT NULL;

ALTER TABLE chain.transactions
    DROP COLUMN pool_address,
    ALTER COLUMN legs DROP DEFAULT,
    ADD CHECK ((amount_in IS NULL) = (amount_out IS NULL)),
    ADD CHECK ((amount_in IS NULL) = (legs = '[]'));
