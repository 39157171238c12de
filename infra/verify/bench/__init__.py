"""Measures what routes and orders cost on this machine."""
