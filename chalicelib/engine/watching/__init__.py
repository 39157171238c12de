"""Who watches the orders that wait."""
