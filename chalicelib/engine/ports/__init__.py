"""What the engine asks of the world. Each port has an in-memory twin and a real adapter, and both
pass the same contract tests."""
