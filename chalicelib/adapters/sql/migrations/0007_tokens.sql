-- The tokens of an order, so that one on a mint that no list names can be shown. What reads them falls
-- back on the list of tokens where they are NULL: the functions of the version before write none
-- until a deployment has replaced them.

ALTER TABLE orders
    ADD COLUMN input_symbol     text CHECK (length(input_symbol) BETWEEN 1 AND 32),
    ADD COLUMN input_decimals   smallint CHECK (input_decimals BETWEEN 0 AND 255),
    ADD COLUMN output_symbol    text CHECK (length(output_symbol) BETWEEN 1 AND 32),
    ADD COLUMN output_decimals  smallint CHECK (output_decimals BETWEEN 0 AND 255),
    ADD CHECK ((input_symbol IS NULL) = (input_decimals IS NULL)),
    ADD CHECK ((output_symbol IS NULL) = (output_decimals IS NULL));
