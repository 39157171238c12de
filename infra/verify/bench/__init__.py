"""Measures what the engine's own computing costs on this machine."""
