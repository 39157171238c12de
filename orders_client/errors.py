"""The errors of a client, besides those of aiohttp.

Exception
├── ProblemError              the service refused a call
├── NoSingleOrderError        the beginning of an id is that of none, or of several
├── aiohttp.ClientError
│   └── LostAnswerError       no answer to an order came
└── ConnectionError
    └── StreamBrokenError     a stream failed again and again
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import ClientError

# What aiohttp raises when a request or its response did not get through.
TRANSPORT_ERRORS = (ClientError, TimeoutError)
# HTTP statuses of a service that may accept the same request later.
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})


class ProblemError(Exception):
    """The service refused a call.

    `status` is the HTTP status, and `problem` the RFC 9457 document with `code`, `detail` and
    `requestId`; what a proxy answered in its place may lack all three. `retry_after_seconds` is
    the value of the header Retry-After, or 0. `idempotency_key` is that of an order of which it is
    not known whether it arrived: submitting it again under this key is safe. Else it is None.
    """

    idempotency_key: str | None = None

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_seconds: float = 0
    ) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds


class NoSingleOrderError(Exception):
    """The beginning of an id is that of no order, or of more than one: those have `order_ids`."""

    def __init__(self, prefix: str, order_ids: Sequence[str]) -> None:
        several = f"{len(order_ids)} orders: {', '.join(order_ids)}"
        super().__init__(f"{prefix} begins the id of {several if order_ids else 'no order'}")
        self.order_ids = order_ids


class LostAnswerError(ClientError):
    """No answer to an order came, and it is not known whether the order arrived.

    Submitting the same order again under the `idempotency_key` is safe.
    """

    def __init__(self, idempotency_key: str, reason: Exception) -> None:
        super().__init__(str(reason) or type(reason).__name__)
        self.idempotency_key = idempotency_key


class StreamBrokenError(ConnectionError):
    """The stream of an order failed again and again, without a new event in between."""
