"""The real local stack under load while it is broken again and again, and what must hold after."""
