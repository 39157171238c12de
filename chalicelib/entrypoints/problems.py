"""Errors as RFC 9457 problem documents: one mapping from the error tree to HTTP."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import (
    CodedError,
    InvalidRequestError,
    NoRouteError,
    NotFoundError,
    QuoteTimeoutError,
    RejectedError,
)
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.engine.errors import (
    ForbiddenError,
    RateLimitedError,
    SequenceMismatchError,
    StateError,
    UnauthorizedError,
    UnavailableError,
)
from chalicelib.entrypoints.errors import (
    BodyTooLargeError,
    IfMatchRequiredError,
    OriginRefusedError,
    UnsupportedMediaTypeError,
)

CONTENT_TYPE = "application/problem+json"
# The first class that fits decides.
_HTTP_STATUS: tuple[tuple[type[CodedError], int], ...] = (
    (BodyTooLargeError, 413),
    (UnsupportedMediaTypeError, 415),
    (InvalidRequestError, 400),
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (OriginRefusedError, 403),
    (SequenceMismatchError, 412),
    (StateError, 409),
    (IfMatchRequiredError, 428),
    (RateLimitedError, 429),
    (RejectedError, 422),
    (QuoteError, 422),
    (NoRouteError, 422),
    (NotFoundError, 404),
    (UnavailableError, 503),
    (QuoteTimeoutError, 503),
)
_TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def http_status(error: CodedError) -> int:
    """Return the HTTP status that this error is answered with."""
    return next((s for kind, s in _HTTP_STATUS if isinstance(error, kind)), 500)


def problem(*, status: int, code: str, detail: str, **more: Any) -> str:
    """Write a problem document."""
    document = {
        "type": f"urn:problem:{code.lower().replace('_', '-')}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return json.dumps(document | more)


def with_request_id(document: str, request_id: str) -> str:
    """Name in a problem document the request it answers."""
    return json.dumps(json.loads(document) | {"requestId": request_id})
