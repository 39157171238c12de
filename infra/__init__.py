"""Deploys the engine, runs it on this machine, operates it and verifies it."""
