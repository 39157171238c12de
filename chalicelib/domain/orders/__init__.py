"""Orders: what is wanted, how far it is, and the events that record it."""
