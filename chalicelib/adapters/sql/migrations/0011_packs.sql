-- What one statement stores of an order is announced in one message, and when it is announced again,
-- in the same one: the queue then knows it. A pack has the sequence of its first event; an event
-- without one, of the versions before, is announced alone.

ALTER TABLE order_events ADD COLUMN pack integer CHECK (pack BETWEEN 1 AND sequence);
