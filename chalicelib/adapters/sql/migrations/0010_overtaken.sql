-- What an accepted order looks for: orders that stand still, by the time from which they count as
-- standing, and those that workers took up last. An event with sequence 2 ends the waiting.

DROP INDEX orders_unfinished;
CREATE INDEX orders_unfinished ON orders (coalesce(sweep_at, due_at))
    WHERE status NOT IN ('confirmed', 'failed');
CREATE INDEX order_events_begun ON order_events (occurred_at) WHERE sequence = 2;
