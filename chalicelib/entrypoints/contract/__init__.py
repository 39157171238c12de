"""The contract for people and machines: OpenAPI for HTTP, AsyncAPI for the stream, a page of both.

Nothing imports this but the routes that serve it.
"""
