"""Measures the service, and breaks it on purpose."""
