"""Accept an order: validate, store it with its first event, queue it.

Invariant: an order that was answered with an id is durable, whatever happens to the queue.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import OrderError, UnavailableError, ZeroOutputError
from chalicelib.domain.orders import Order, OrderId, OrderType, accept
from chalicelib.domain.quotes import Quote, Rejection
from chalicelib.domain.tokens import Pair
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports import Clock, OrderQueue, OrderStore, Venue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """The use case behind POST /api/orders/execute."""

    store: OrderStore
    queue: OrderQueue
    venues: Sequence[Venue]
    clock: Clock
    new_id: Callable[[], OrderId]

    def submit(
        self, *, order_type: OrderType, pair: Pair, amount_in: int, slippage_bps: int
    ) -> Order:
        """Accept an order of `amount_in` base units and return it as pending.

        Raises ZeroOutputError when every pool says that it would buy nothing, UnavailableError
        when it cannot be stored.
        """
        self._refuse_dust(pair, amount_in)
        accepted = accept(
            order_id=self.new_id(),
            order_type=order_type,
            pair=pair,
            amount_in=amount_in,
            slippage_bps=slippage_bps,
            at=self.clock.now(),
        )
        self.store.add(accepted)
        self._enqueue(accepted.order)
        return accepted.order

    def _refuse_dust(self, pair: Pair, amount_in: int) -> None:
        answers: list[Quote | Rejection] = []
        for venue in self.venues:
            try:
                answers += venue.quotes(pair, amount_in)
            except OrderError as error:
                # Not knowing is no reason to refuse: execution asks again and decides.
                log.warning("quote_unknown", extra={"venue": venue.name, "code": error.code})
        if answers and all(_is_zero_output(answer) for answer in answers):
            raise ZeroOutputError

    def _enqueue(self, order: Order) -> None:
        try:
            self.queue.enqueue([ExecuteOrder(order_id=order.order_id)])
        except UnavailableError as error:
            # The order is durable and due; the sweep will queue it.
            log.warning(
                "enqueue_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )


def _is_zero_output(answer: Quote | Rejection) -> bool:
    return isinstance(answer, Rejection) and answer.code == ZeroOutputError.code
