"""How far an order that waits is from what it waits for: for whoever asks why nothing happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.amounts import BPS, ceil_div
from chalicelib.domain.errors import NotFillableError, OrderError
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import LimitTerms, SniperTerms
from chalicelib.domain.orders.triggers import Side, TriggerKind, Watch
from chalicelib.engine.ports.book import WatchBook
from chalicelib.engine.ports.rates import RateFeed
from chalicelib.engine.router import Router


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far the rate is from what a leg of the order waits for, in basis points of the rate;
    below zero when it is past that. None where nothing was seen yet to compare it with."""

    kind: TriggerKind
    rate: int | None
    distance_bps: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """The reference rate of the order's pair in a slot, and what each of its legs waits for.

    Of a limit, `quoted` is what the best route would give, or cost, at its size now; None when it
    has no route, or for another type.
    """

    slot: int
    at: datetime
    rate: int
    distances: Sequence[Distance]
    quoted: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """The use case behind the reasons on an open order."""

    book: WatchBook
    rates: RateFeed
    router: Router

    def of(self, order: Order) -> Prospect | None:
        """Return what an open order waits for; None when no rate is known of its pair, and of one
        that waits for a pool. Raises UnavailableError."""
        if isinstance(order.terms, SniperTerms):
            return None
        pair = order.pair.mints
        observation = self.rates.latest([pair])
        rate = observation.rates.get(pair)
        if not rate:
            return None
        return Prospect(
            slot=observation.slot,
            at=observation.at,
            rate=rate,
            distances=[
                _distance(watch, rate)
                for watch in self.book.watches(order.order_id)
                if watch.kind is not TriggerKind.SCHEDULE
            ],
            quoted=self._quoted(order) if isinstance(order.terms, LimitTerms) else None,
        )

    def _quoted(self, order: Order) -> int | None:
        try:
            return self.router.find_order_route(order).amount_quoted
        except NotFillableError as error:
            return error.quoted
        except OrderError:
            return None


def _distance(watch: Watch, rate: int) -> Distance:
    if watch.key is None or watch.mark == 0:
        return Distance(kind=watch.kind, rate=None, distance_bps=None)
    gap = watch.key - rate if watch.side is Side.ABOVE else rate - watch.key
    return Distance(kind=watch.kind, rate=watch.key, distance_bps=ceil_div(gap * BPS, rate))
