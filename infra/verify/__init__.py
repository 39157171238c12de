"""What measures the service, and what breaks it."""
