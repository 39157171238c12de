-- The first event that perhaps nobody has been told to announce: whoever moves an order from outside
-- queues it afterwards, and may die before. NULL where a message sees to all events.

ALTER TABLE orders ADD COLUMN unannounced_from integer;
