"""`orders`: the engine's API on the command line, for people and for scripts.

It stands on `orders_client` alone, and works against any deployment.
"""

__version__ = "0.1.0"
