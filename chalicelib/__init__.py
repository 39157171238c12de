"""The order execution engine: domain, engine, entry points, adapters and the simulated world."""
