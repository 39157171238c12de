"""How single values are written: prices, times, durations."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal

# Enough digits for any ratio of two u64 amounts to be told from its neighbours by eye.
_PRICE = Context(prec=12, rounding=ROUND_DOWN)


def price_text(amount_out: Decimal | int, amount_in: Decimal | int) -> str:
    """Write what one unit of input gets in units of output."""
    price = _PRICE.divide(Decimal(amount_out), Decimal(amount_in))
    return f"{price.normalize(_PRICE):f}"


def seconds(duration: timedelta) -> float:
    """Write a duration to the millisecond."""
    return round(duration.total_seconds(), 3)


def timestamp(moment: datetime) -> str:
    """Write a moment in RFC 3339, UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
