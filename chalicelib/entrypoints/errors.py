"""What a request or a frame can be refused for before any use case sees it.

RejectedError
├── InvalidRequestError
│   ├── MalformedJsonError · DuplicateKeyError · BodyTooDeepError · NumberTooLargeError
│   ├── InvalidIdempotencyKeyError · InvalidIfMatchError
│   └── InvalidAfterError · InvalidBatchError · UnknownActionError          of frames
├── BodyTooLargeError · UnsupportedMediaTypeError
├── UnknownOrderTypeError · UnknownStatusError · UnknownWaitingForError
├── IfMatchRequiredError · NotEditableError
├── InvalidSlippageError · InvalidMaxPriceImpactError
├── InvalidPriceError · InvalidPriceInError · LimitFormError · PricesReversedError
├── InvalidTimeInForceError · InvalidTriggerConditionError · InvalidTrailingError
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


class UnknownWaitingForError(RejectedError):
    """waitingFor must be price or schedule."""

    code = "UNKNOWN_WAITING_FOR"


class InvalidSlippageError(RejectedError):
    """slippageBps must be a whole number from 0 to 10000."""

    code = "INVALID_SLIPPAGE"


class InvalidMaxPriceImpactError(RejectedError):
    """maxPriceImpactBps must be a whole number from 0 to 10000."""

    code = "INVALID_MAX_PRICE_IMPACT"


class InvalidPriceError(RejectedError):
    """A price must be a positive decimal number of at most 36 digits."""

    code = "INVALID_PRICE"


class InvalidPriceInError(RejectedError):
    """priceIn must be one of the order's two tokens."""

    code = "INVALID_PRICE_IN"


class LimitFormError(RejectedError):
    """Give exactly one of limitPrice and minAmountOut; with amountOut, of limitPrice and
    maxAmountIn."""

    code = "LIMIT_FORM"


class PricesReversedError(RejectedError):
    """takeProfitPrice must be better for you than stopPrice, minPrice not above maxPrice."""

    code = "PRICES_REVERSED"


class InvalidTimeInForceError(RejectedError):
    """timeInForce must be GTC, GTT, IOC or FOK; only limit orders have one."""

    code = "INVALID_TIME_IN_FORCE"


class InvalidTriggerConditionError(RejectedError):
    """triggerCondition must be above or below."""

    code = "INVALID_TRIGGER_CONDITION"


class InvalidTrailingError(RejectedError):
    """trailingBps must be a whole number from 1 to 5000."""

    code = "INVALID_TRAILING"


class InvalidAddressError(RejectedError):
    """The address of a mint, or of an account, is 32 bytes in base 58."""

    code = "INVALID_ADDRESS"


class InvalidGuardsError(RejectedError):
    """No pool could pass these guards, or one of them is not of its form."""

    code = "INVALID_GUARDS"


class InvalidRetryError(RejectedError):
    """retryFor must be a whole number of seconds from 0 to 600."""

    code = "INVALID_RETRY"


class InvalidLimitError(RejectedError):
    """limit must be a whole number from 1 to 100."""

    code = "INVALID_LIMIT"


class InvalidMinutesError(RejectedError):
    """minutes must be a whole number from 1 to 60."""

    code = "INVALID_MINUTES"


class InvalidSlotError(RejectedError):
    """A slot must be a whole number."""

    code = "INVALID_SLOT"


class IfMatchRequiredError(RejectedError):
    """Send the order's sequence in If-Match: the edit is refused when it has changed since."""

    code = "IF_MATCH_REQUIRED"


class InvalidIfMatchError(InvalidRequestError):
    """If-Match must be the order's sequence: a whole number, optionally in quotes."""

    code = "INVALID_IF_MATCH"


class NotEditableError(RejectedError):
    """An order of this type has no such field, or it cannot be edited."""

    code = "NOT_EDITABLE"


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
