"""`orders`: the engine's API on the command line, for people and for scripts.

It uses nothing but `orders_client`, and works against any deployment.
"""
