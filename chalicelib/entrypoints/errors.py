"""What a request or a frame can be refused for before any use case sees it.

RejectedError
├── InvalidRequestError
│   ├── MalformedJsonError · DuplicateKeyError · BodyTooDeepError · NumberTooLargeError
│   ├── InvalidIdempotencyKeyError
│   └── InvalidAfterError · InvalidBatchError · UnknownActionError          of frames
├── BodyTooLargeError · UnsupportedMediaTypeError
├── UnknownOrderTypeError · UnknownStatusError
├── InvalidSlippageError · InvalidMaxPriceImpactError
├── InvalidLimitError · InvalidMinutesError · InvalidSlotError
└── InvalidCursorError · OriginRefusedError
"""

from chalicelib.domain.errors import (
    InvalidRequestError,
    RejectedError,
)


class InvalidCursorError(RejectedError):
    """The cursor was not issued by this service."""

    code = "INVALID_CURSOR"


class InvalidIdempotencyKeyError(InvalidRequestError):
    """Send exactly one Idempotency-Key: 1 to 255 visible ASCII characters, optionally in quotes."""

    code = "INVALID_IDEMPOTENCY_KEY"


class OriginRefusedError(RejectedError):
    """This origin is not allowed."""

    code = "ORIGIN_REFUSED"


class UnknownOrderTypeError(RejectedError):
    """The order type is not supported."""

    code = "UNKNOWN_ORDER_TYPE"


class UnknownStatusError(RejectedError):
    """The order status does not exist."""

    code = "UNKNOWN_STATUS"


class InvalidSlippageError(RejectedError):
    """slippageBps must be a whole number from 0 to 10000."""

    code = "INVALID_SLIPPAGE"


class InvalidMaxPriceImpactError(RejectedError):
    """maxPriceImpactBps must be a whole number from 0 to 10000."""

    code = "INVALID_MAX_PRICE_IMPACT"


class InvalidLimitError(RejectedError):
    """limit must be a whole number from 1 to 100."""

    code = "INVALID_LIMIT"


class InvalidMinutesError(RejectedError):
    """minutes must be a whole number from 1 to 60."""

    code = "INVALID_MINUTES"


class InvalidSlotError(RejectedError):
    """A slot must be a whole number."""

    code = "INVALID_SLOT"


class InvalidAfterError(InvalidRequestError):
    """`after` must be the sequence of an event, a whole number."""

    code = "INVALID_AFTER"


class InvalidBatchError(InvalidRequestError):
    """`batch` must be 1 or 0 in a URL, true or false in a frame."""

    code = "INVALID_BATCH"


class UnknownActionError(InvalidRequestError):
    """The action must be subscribe, unsubscribe or ping."""

    code = "UNKNOWN_ACTION"


class MalformedJsonError(InvalidRequestError):
    """The body is not valid JSON."""

    code = "MALFORMED_JSON"


class DuplicateKeyError(InvalidRequestError):
    """The body contains the same key twice."""

    code = "DUPLICATE_KEY"


class BodyTooLargeError(RejectedError):
    """The body is larger than 16 KiB."""

    code = "BODY_TOO_LARGE"


class BodyTooDeepError(InvalidRequestError):
    """The body is nested more than 16 levels deep."""

    code = "BODY_TOO_DEEP"


class NumberTooLargeError(InvalidRequestError):
    """The body contains a number whose exponent is out of range."""

    code = "NUMBER_TOO_LARGE"


class UnsupportedMediaTypeError(RejectedError):
    """The body must be sent as application/json, uncompressed."""

    code = "UNSUPPORTED_MEDIA_TYPE"
