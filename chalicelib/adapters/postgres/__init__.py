"""Orders, events and API keys in PostgreSQL."""
