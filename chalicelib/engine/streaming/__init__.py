"""Who follows an order, and what they are told."""
