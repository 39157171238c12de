-- When the sweep last queued an order again.

ALTER TABLE orders ADD COLUMN claimed_at timestamptz;
