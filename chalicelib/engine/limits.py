"""What is decided when an order is stored: that it is new, and not one too many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.orders.order import Order, OrderId
from chalicelib.engine.errors import RateLimitedError

KEYS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A client's name for one order of its own; `fingerprint` is the SHA-256 of what it asked."""

    value: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many orders an owner may place in each window of time; windows follow one another."""

    orders_max: int
    window: timedelta = timedelta(minutes=1)

    def window_start(self, now: datetime) -> datetime:
        """Return when the window of that moment began."""
        seconds = self.window.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, now.tzinfo)

    def window_left(self, now: datetime) -> timedelta:
        """Return how long that window lasts."""
        return self.window_start(now) + self.window - now

    def refusal(self, now: datetime) -> RateLimitedError:
        """Return the error for an order too many."""
        seconds = int(self.window.total_seconds())
        return RateLimitedError(
            f"at most {self.orders_max} orders in {seconds} s are allowed",
            retry_after=self.window_left(now),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """An order that is stored: just now, or before under the same key.

    `used` counts the owner's orders in this window, where there is a limit. `overtaken` are orders
    that stand still and shall be queued along with a new one.
    """

    order: Order
    is_replay: bool = False
    used: int | None = None
    overtaken: Sequence[OrderId] = ()
