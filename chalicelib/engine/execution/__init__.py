"""From a pending order to its end."""
