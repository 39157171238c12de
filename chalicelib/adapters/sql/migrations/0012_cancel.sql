-- Orders that their owner has cancelled, or wants cancelled while a signed transaction may land.

ALTER TABLE orders ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;

-- A cancelled order is final. The version before looks for unfinished orders in `orders_unfinished`
-- while a deployment replaces it: a later migration drops that.
CREATE INDEX orders_under_way ON orders (coalesce(sweep_at, due_at))
    WHERE status NOT IN ('confirmed', 'failed', 'cancelled');
-- Cancelled orders whose followers have perhaps not been told.
CREATE INDEX orders_cancelled_to_tell ON orders (sweep_at)
    WHERE status = 'cancelled' AND sweep_at IS NOT NULL;
