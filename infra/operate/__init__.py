"""What the people who run the service do: audit, keys, redrive."""
