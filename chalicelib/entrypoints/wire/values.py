"""How single values are written: prices, times, durations."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from chalicelib.domain.orders.triggers import RATE_ONE
from chalicelib.domain.tokens import Pair

Document = dict[str, Any]

# Enough digits for any ratio of two u64 amounts to be told from its neighbours by eye.
_PRICE = Context(prec=12, rounding=ROUND_DOWN)
# More than any rate has.
_EXACT = Context(prec=120)


def price_text(amount_out: Decimal | int, amount_in: Decimal | int) -> str:
    """Write what one unit of input gets in units of output."""
    price = _PRICE.divide(Decimal(amount_out), Decimal(amount_in))
    return f"{price.normalize(_PRICE):f}"


def rate_text(rate: int, pair: Pair) -> str:
    """Write what one input token gets in output tokens at an observed rate."""
    units_in: int = 10**pair.token_in.decimals
    units_out: int = 10**pair.token_out.decimals
    return price_text(rate * units_in, RATE_ONE * units_out)


def exact_price_text(rate: int, pair: Pair) -> str:
    """Write what one input token is worth in output tokens at a rate: all of its digits."""
    units_in: int = 10**pair.token_in.decimals
    units_out: int = 10**pair.token_out.decimals
    # Of one power of ten and another: it comes out even.
    price = _EXACT.divide(Decimal(rate * units_in), Decimal(RATE_ONE * units_out))
    return f"{price.normalize(_EXACT):f}"


def seconds(duration: timedelta) -> float:
    """Write a duration to the millisecond."""
    return round(duration.total_seconds(), 3)


def timestamp(moment: datetime) -> str:
    """Write a moment in RFC 3339, UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
