-- The pools that refused: of an order, so that its next attempt asks less of them, and of a transaction
-- in the simulated chain, which says so as a node does.

ALTER TABLE orders
    ADD COLUMN refused_by jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(refused_by) = 'array');
ALTER TABLE chain.transactions
    ADD COLUMN refused_by text;
