"""A client of the engine's API: submit, quote, read, list, and follow orders to their end.

It knows the service by its contract alone, and imports nothing else of this repository.
"""

from infra.client.errors import ProblemError, StreamBrokenError
from infra.client.events import FINAL, Document, Witness
from infra.client.orders import OrdersClient

__all__ = [
    "FINAL",
    "Document",
    "OrdersClient",
    "ProblemError",
    "StreamBrokenError",
    "Witness",
]
