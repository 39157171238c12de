-- Orders over time: parents, which never sign, and how far their slices are.

ALTER TABLE orders
    DROP CONSTRAINT orders_order_type_check,
    ADD CONSTRAINT orders_order_type_check
        CHECK (order_type IN
               ('MARKET', 'LIMIT', 'STOP', 'TRAILING_STOP', 'OCO', 'EXIT', 'DCA', 'TWAP')),
    ADD COLUMN progress jsonb CHECK (jsonb_typeof(progress) = 'object');
