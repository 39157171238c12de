-- When the sweep shall queue an order, where that is not simply when it has stood still for long:
-- at once when its message could not be queued, later when the sweep has just queued it.

ALTER TABLE orders RENAME COLUMN claimed_at TO sweep_at;
UPDATE orders SET sweep_at = NULL WHERE sweep_at IS NOT NULL;
