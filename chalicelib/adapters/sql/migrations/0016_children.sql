-- Orders that come from another one: they are stored by the statement that moves it.

ALTER TABLE orders ADD COLUMN parent_id uuid REFERENCES orders;

CREATE INDEX orders_of_parent ON orders (parent_id, created_at DESC, order_id DESC)
    WHERE parent_id IS NOT NULL;
