"""From pools to the best route of an order."""
