"""A client of the engine's API: submit, quote, read, list, and follow orders to their end.

It knows the service by its contract alone, and imports nothing else of this repository.
"""

from orders_client.client import OrdersClient
from orders_client.errors import (
    LostAnswerError,
    NoSingleOrderError,
    ProblemError,
    StreamBrokenError,
)
from orders_client.events import FINAL_STATUSES, Document, Observer, Status

__all__ = [
    "FINAL_STATUSES",
    "Document",
    "LostAnswerError",
    "NoSingleOrderError",
    "Observer",
    "OrdersClient",
    "ProblemError",
    "Status",
    "StreamBrokenError",
]

# Setuptools reads it without running this file: it has to be a literal.
__version__ = "0.1.0"
