"""Send an order until an answer came, always under one key."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from orders_client.errors import (
    RETRYABLE_STATUSES,
    TRANSPORT_ERRORS,
    LostAnswerError,
    ProblemError,
)
from orders_client.events import Document

# The service has said that it did not take the order.
_NOT_TAKEN = 429


async def submit_safely(
    call: Callable[[], Awaitable[Document]], key: str, retry_delays_seconds: Sequence[float]
) -> Document:
    """Return the answer of `call`, which sends the order under `key`.

    It is called again after each of the delays, as OrdersClient says. Raises LostAnswerError or
    ProblemError, with the key if an earlier call or this one may have placed the order.
    """
    is_unknown = False
    for delay_seconds in (*retry_delays_seconds, None):
        try:
            return await call()
        except ProblemError as refusal:
            is_retryable = refusal.status in RETRYABLE_STATUSES
            is_unknown |= is_retryable and refusal.status != _NOT_TAKEN
            if delay_seconds is None or not is_retryable:
                refusal.idempotency_key = key if is_unknown else None
                raise
            pause_seconds = refusal.retry_after_seconds
        except TRANSPORT_ERRORS as error:
            is_unknown, pause_seconds = True, 0.0
            if delay_seconds is None:
                raise LostAnswerError(key, error) from error
        await asyncio.sleep(max(delay_seconds * random.uniform(0.5, 1), pause_seconds))
    raise AssertionError("the last call returns or raises")
