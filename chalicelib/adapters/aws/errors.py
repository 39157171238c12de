"""What goes wrong with a call of AWS."""

from collections.abc import Mapping
from typing import Any

TRANSIENT_STATUSES = frozenset((429, 500, 502, 503, 504))
TRANSIENT_CODES = frozenset(
    (
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)


class AwsError(Exception):
    """AWS refused a call, or could not be asked; `status` and `code` are what it answered."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        code: str = "",
        document: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status, self.code, self.document = status, code, document or {}


class NoAnswerError(AwsError):
    """No whole answer came: whether AWS carried the call out is unknown."""


def is_transient(error: AwsError) -> bool:
    """Tell whether the same call may succeed soon."""
    return (
        isinstance(error, NoAnswerError)
        or error.status in TRANSIENT_STATUSES
        or error.code in TRANSIENT_CODES
    )
