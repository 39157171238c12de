"""What can come between a client and the service, beside what aiohttp raises."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError

# What asking again may help against: an answer that was lost, or a service that is busy.
LOST = (ClientError, TimeoutError)
BUSY = frozenset({429, 500, 502, 503, 504})


class ProblemError(Exception):
    """The service refused a call; `problem` is its RFC 9457 document."""

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_seconds: float = 0
    ) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds


class StreamBrokenError(ConnectionError):
    """A stream broke again and again, with nothing new in between."""
