"""Limits that wait: whether one can be filled now, at its own size, or what it lacks."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import NotFillableError, OrderError, UnknownPairError
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import LimitTerms
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.orders.triggers import Trigger, TriggerKind, observed_rate
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution import steps
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.ports.book import Shortfall, WatchBook
from chalicelib.engine.router import Router

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLimits:
    """Starts open limits that can be filled, and lets the others wait for what they lack."""

    router: Router
    book: WatchBook
    pacing: Pacing

    def start_fillable(
        self, orders: Sequence[Order], *, at: datetime, has_time: Callable[[], bool]
    ) -> list[Transition]:
        """Return the moves to routing of those that can be filled; of those that never can, to
        failed. Raises UnavailableError when a venue is out of reach."""
        transitions: list[Transition] = []
        short: list[Shortfall] = []
        for number, order in enumerate(orders):
            if order.is_over(at) or (number and not has_time()):
                # The watcher sees to it.
                continue
            outcome = self._look_at(order, at)
            if isinstance(outcome, Shortfall):
                short.append(outcome)
            else:
                transitions.append(outcome)
        self._postpone(short, at)
        return transitions

    def _look_at(self, order: Order, at: datetime) -> Transition | Shortfall:
        try:
            route = self.router.find_order_route(order)
        except UnknownPairError as error:
            return steps.give_up(order, error, at=at)
        except NotFillableError as error:
            return _shortfall(order, error.quoted or 0)
        except OrderError:
            return _shortfall(order, 0)
        except UnavailableError:
            raise
        except Exception:
            # A fault of ours with one order: it waits, and is looked at again like any other.
            log.exception("limit_check_failed", extra={"order_id": order.order_id})
            return _shortfall(order, 0)
        trigger = _trigger_of(route, at)
        return steps.start(order, at=at, pacing=self.pacing, trigger=trigger)

    def _postpone(self, short: Sequence[Shortfall], at: datetime) -> None:
        if not short:
            return
        try:
            self.book.postpone(short, recheck_at=at + self.pacing.limit_recheck)
        except UnavailableError as error:
            # The watcher asks about them again as it is.
            log.warning("postpone_failed", extra={"orders": len(short), "reason": error.detail})


def _trigger_of(route: Route, at: datetime) -> Trigger:
    return Trigger(
        kind=TriggerKind.LIMIT,
        rate=observed_rate(route.amount_out, route.amount_in),
        slot=route.slot,
        observed_at=at,
    )


def _shortfall(order: Order, quoted: int) -> Shortfall:
    assert isinstance(order.terms, LimitTerms), "only limits are looked at"
    limit = order.terms.limit
    # The less an exact output costs, the better its rate.
    is_exact_in = order.trade.mode is SwapMode.EXACT_IN
    needed, got = (limit, quoted) if is_exact_in else (quoted, limit)
    return Shortfall(order_id=order.order_id, needed=needed, quoted=got if quoted else 0)
