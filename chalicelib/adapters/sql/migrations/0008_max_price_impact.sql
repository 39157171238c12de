-- The price impact above which an order takes no route. Orders of the versions before promised no such
-- limit, and their functions write none until a deployment has replaced them: 10000 bounds nothing.

ALTER TABLE orders
    ADD COLUMN max_price_impact_bps integer NOT NULL DEFAULT 10000
        CHECK (max_price_impact_bps BETWEEN 0 AND 10000);
