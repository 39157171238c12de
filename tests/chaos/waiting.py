"""Orders that wait, for processes that die while they look at a slot, cancel or edit: what is there
at first, what the process does, and what its successor does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import (
    Condition,
    ExitPlan,
    LimitTerms,
    MarketTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
)
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import USDC
from chalicelib.engine.admission.edit import Edit
from chalicelib.engine.messages import ExecuteOrder
from tests.chaos.stage import Stage
from tests.chaos.worker import drain, sweep_and_drain
from tests.chaos.workshop import Workshop
from tests.world import ONE_SOL, ticks

WATCH = timedelta(seconds=1)
# The lease of the dead has ended for this one: it goes by the clock of PostgreSQL, which stands
# still here.
HOLDER = "whoever comes next"
HOLD_SECONDS = 1
CANCELLED = "cancelled"
EDITED = "edited"


def stop(price: str) -> Terms:
    """Sell when a SOL costs so little."""
    return StopTerms(price=StatedPrice(text=price, price_in=USDC.mint), condition=Condition.BELOW)


def limit(least_out: int) -> Terms:
    """Sell for that much at least."""
    return LimitTerms(limit=least_out, time_in_force=TimeInForce.GTC)


MET, UNMET = "1000000", "0.001"
FILLABLE, UNFILLABLE = 1, U64_MAX


def due_in_the_next_slots(stage: Stage) -> None:
    """Two stops that the next slot meets, a limit that can be filled, and an order whose time is up
    then."""
    shop = stage.workshop()
    for number in range(2):
        shop.submit(amount_in=(number + 1) * ONE_SOL, terms=stop(MET), trigger_if_met=True)
    shop.submit(terms=limit(FILLABLE))
    shop.scene.lines("orders").clear()
    shop.submit(terms=stop(UNMET), expires_at=shop.clock.now() + WATCH / 2)
    stage.scene.lines("journal").clear()


def orders_to_be_sold_again(stage: Stage) -> None:
    """Queued orders whose exits are to be sold soon after them."""
    shop = stage.workshop()
    plan = ExitPlan(hold_seconds_max=HOLD_SECONDS, stop_loss_bps=9_999)
    for number in range(2):
        shop.submit(amount_in=(number + 1) * ONE_SOL, terms=MarketTerms(exit=plan))
    stage.scene.lines("journal").clear()


def orders_at_every_state(stage: Stage) -> None:
    """An order that waits, one that is queued, one that is built and one whose transaction is on
    its way."""
    shop = stage.workshop()
    shop.submit(terms=stop(UNMET))
    shop.submit()
    for steps in (1, 2):
        order_id = shop.submit(amount_in=(steps + 1) * ONE_SOL)
        shop.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(steps))
    stage.scene.lines("journal").clear()


def orders_out_of_reach(stage: Stage) -> None:
    """A stop and a limit that nothing meets."""
    shop = stage.workshop()
    shop.submit(terms=stop(UNMET))
    shop.submit(terms=limit(UNFILLABLE))
    stage.scene.lines("journal").clear()


def watch(shop: Workshop, span: timedelta = WATCH) -> None:
    """A watcher's time at work."""
    until = shop.clock.now() + span
    shop.deployment.watcher.watch(HOLDER, has_time=lambda: shop.clock.now() < until, stands_by=True)


def watch_and_drain(shop: Workshop) -> None:
    """Look at some slots, and execute what they have moved."""
    watch(shop)
    drain(shop)


def recover(shop: Workshop) -> None:
    """What is left of the queue, the next watcher, and the schedule."""
    drain(shop)
    watch_and_drain(shop)
    sweep_and_drain(shop)


def trade_and_sell_again(shop: Workshop) -> None:
    """Execute orders, hold what they have bought, and sell it again."""
    drain(shop)
    shop.clock.sleep(HOLD_SECONDS)
    watch_and_drain(shop)


def sell_again(shop: Workshop) -> None:
    """What is left of the queue, the next watcher, the schedule, and the watcher after that."""
    trade_and_sell_again(shop)
    sweep_and_drain(shop)
    trade_and_sell_again(shop)


def _each_order(shop: Workshop, act: Callable[[Order], object]) -> None:
    rows = shop.database.execute("SELECT order_id FROM orders ORDER BY order_id")
    for order_id in [OrderId(str(row["order_id"])) for row in rows]:
        act(shop.store.get(order_id, ANONYMOUS).order)


def cancel_all(shop: Workshop) -> None:
    """Cancel every order; what was answered is written down."""

    def cancel(order: Order) -> None:
        if not order.status.is_final:
            answer = shop.cancel(order.order_id)
            if answer.status is OrderStatus.CANCELLED:
                shop.scene.lines(CANCELLED).append(order.order_id)

    _each_order(shop, cancel)


def cancel_and_drain(shop: Workshop) -> None:
    """Cancel every order, and execute what is queued."""
    cancel_all(shop)
    drain(shop)


def cancel_again(shop: Workshop) -> None:
    """Whoever has heard nothing asks again; what was cancelled stays so."""
    answered = set(shop.scene.lines(CANCELLED).read())
    cancel_and_drain(shop)
    sweep_and_drain(shop)

    def check(order: Order) -> None:
        assert order.order_id not in answered or order.status is OrderStatus.CANCELLED

    _each_order(shop, check)


def edit_all(shop: Workshop) -> None:
    """Let every order wait for what is there; what was answered is written down."""

    def edit(order: Order) -> None:
        if order.status is OrderStatus.OPEN and order.sequence == 1:
            shop.deployment.editor.edit(order.order_id, ANONYMOUS, sequence=1, edit_of=within_reach)
            shop.scene.lines(EDITED).append(order.order_id)

    _each_order(shop, edit)


def within_reach(order: Order) -> Edit:
    """The edit after which the order can trade."""
    if isinstance(order.terms, StopTerms):
        met = replace(order.terms.price, text=MET)
        terms: Terms = replace(order.terms, price=met)
        changed = {"triggerPrice": MET}
    else:
        terms = limit(FILLABLE)
        changed = {"minAmountOut": str(FILLABLE)}
    return Edit(
        terms=terms,
        slippage_bps=order.slippage_bps,
        expires_at=None,
        trigger_if_met=True,
        changed=changed,
    )


def edit_and_watch(shop: Workshop) -> None:
    """Edit every order, and let it trade."""
    edit_all(shop)
    watch_and_drain(shop)


def edit_again(shop: Workshop) -> None:
    """Whoever has heard nothing asks again."""
    edit_all(shop)
    recover(shop)
