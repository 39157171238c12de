"""Whose an order is."""

from typing import NewType

OwnerId = NewType("OwnerId", str)

# Everybody, where nobody has to say who they are.
ANONYMOUS = OwnerId("anonymous")
