"""The simulated world behind the Venue and Chain ports: one market for everybody, a chain with a
durable ledger. Nothing here moves real funds."""
