"""Waiting orders, by chance: the book in memory is the model, and PostgreSQL does the same.

Places, edits, cancels, ways to the chain and back, and slots whose rates go up and down come
in any order. After each step both stores say the same of every order.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from chalicelib.adapters.memory.book import MemoryWatchBook
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.events import Failure, OrderOpened
from chalicelib.domain.orders.lifecycle import Transition, advance, cancel, edit
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import (
    Condition,
    ExitPlan,
    ExitTerms,
    LimitTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    is_resting_limit,
)
from chalicelib.domain.orders.triggers import RATE_ONE
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.engine.ports.book import Shortfall, Tick, Ticked
from chalicelib.engine.ports.rates import Observation
from tests.contract.samples import START, accepted, details_of, order_id, signed

STEPS = 120
PAIR = SOL.mint, USDC.mint


class Both:
    """The model and what is held to it, and the chance that drives them."""

    def __init__(self, database: PostgresDatabase, seed: int) -> None:
        self.model = MemoryOrderStore()
        self.real = PostgresOrderStore(database)
        self.model_book = MemoryWatchBook(store=self.model, clock=MemoryClock())
        self.real_book = PostgresWatchBook(database)
        self.chance = Random(seed)
        self.now, self.slot, self.dollars = START, 1_000, 150.0
        self.placed = 0

    def step(self) -> None:
        self.now += timedelta(milliseconds=self.chance.randrange(1, 2_000))
        acts = [self.place, self.change, self.take_on, self.answer, self.sweep]
        self.chance.choice([*acts, self.tick, self.tick, self.tick])()

    def price(self) -> StatedPrice:
        near = self.dollars * self.chance.uniform(0.97, 1.03)
        if self.chance.random() < 0.5:
            return StatedPrice(text=f"{near:.4f}", price_in=USDC.mint)
        return StatedPrice(text=f"{1 / near:.8f}", price_in=SOL.mint)

    def terms(self) -> Terms:
        match self.chance.randrange(7):
            case 0:
                limit = int(self.dollars * self.chance.uniform(0.98, 1.03) * 10**6)
                return LimitTerms(limit=limit, time_in_force=TimeInForce.GTC)
            case 1:
                condition = self.chance.choice([*Condition])
                return StopTerms(price=self.price(), condition=condition)
            case 2:
                return TrailingStopTerms(trailing_bps=self.chance.randrange(1, 300))
            case 3:
                bps = self.chance.randrange(1, 300)
                return TrailingStopTerms(trailing_bps=bps, activation=self.price())
            case 4 | 5:
                return self.exit_terms()
        return OcoTerms(take_profit=self.price(), stop=self.price())

    def exit_terms(self) -> ExitTerms:
        """Sell a SOL that has cost about what it costs now."""

        def some(most: int) -> int | None:
            return self.chance.randrange(1, most) if self.chance.random() < 0.6 else None

        held = some(60)
        plan = ExitPlan(
            take_profit_bps=some(300),
            stop_loss_bps=some(300),
            trailing_bps=some(300) or 200,
            hold_seconds_max=held,
        )
        sell_at = None if held is None else self.now + timedelta(seconds=held)
        paid = int(self.dollars * self.chance.uniform(0.99, 1.01) * 10**6)
        return ExitTerms(plan=plan, paid=paid, sell_at=sell_at)

    def place(self) -> None:
        self.placed += 1
        wait = timedelta(seconds=self.chance.randrange(1, 90))
        new = accepted(
            self.placed, terms=self.terms(), at=self.now, wait=wait, armed_slot=self.slot
        )
        for store in (self.model, self.real):
            store.add(new)

    def tick(self) -> None:
        self.dollars *= self.chance.uniform(0.98, 1.02)
        # Sometimes the slot has been looked at, and sometimes some lie between.
        slot = self.slot + self.chance.choice([-3, 0, 1, 1, 1, 1, 5])
        self.slot = max(slot, self.slot)
        rate = int(self.dollars * 1_000) * RATE_ONE // 1_000_000
        is_known = self.chance.random() < 0.9
        tick = Tick(
            observation=Observation(slot=slot, at=self.now, rates={PAIR: rate} if is_known else {}),
            now=self.now,
            due_at=self.now,
            sweep_at=self.now + timedelta(seconds=3),
            ask_again_at=self.now + timedelta(seconds=3),
            gap_from=1_000,
            gap_through=slot - 1,
        )
        one, other = (book.tick(tick, holder="me") for book in (self.model_book, self.real_book))
        assert told(one) == told(other)

    def change(self) -> None:
        """An owner edits or cancels, having seen the order as it is, or as it was."""
        if (order := self.any_order(OrderStatus.OPEN)) is None:
            return
        if self.chance.random() < 0.2:
            order = replace(order, sequence=order.sequence + 1)
        if self.chance.random() < 0.3:
            self.from_outside(cancel(order, at=self.now))
            return
        # An exit keeps its terms.
        terms = order.terms if isinstance(order.terms, ExitTerms) else self.terms()
        while type(terms) is not type(order.terms):
            terms = self.terms()
        self.from_outside(
            edit(
                order,
                terms=terms,
                slippage_bps=self.chance.randrange(10_000),
                expires_at=self.now + timedelta(seconds=self.chance.randrange(1, 90)),
                armed_slot=self.slot,
                changed={"triggerPrice": "1"},
                at=self.now,
            )
        )

    def take_on(self) -> None:
        """A worker carries a triggered order on: to its end, or back to where it waits."""
        order = self.any_order(OrderStatus.ROUTING, OrderStatus.SUBMITTED, OrderStatus.BUILDING)
        if order is None:
            order = self.any_order(OrderStatus.OPEN)
            if order is None or not is_resting_limit(order.terms):
                return
        if is_resting_limit(order.terms) and order.status in (
            OrderStatus.ROUTING,
            OrderStatus.SUBMITTED,
        ):
            again = OrderOpened(unfilled=Failure(code="NOT_FILLABLE", message="so"))
            due_at = self.now + timedelta(seconds=self.chance.choice([0, 5]))
            self.save(advance(order, again, at=self.now, due_at=due_at))
            return
        further = {
            OrderStatus.OPEN: OrderStatus.ROUTING,
            OrderStatus.ROUTING: OrderStatus.BUILDING,
            OrderStatus.BUILDING: OrderStatus.SUBMITTED,
            OrderStatus.SUBMITTED: OrderStatus.CONFIRMED,
        }[order.status]
        transaction = signed(self.placed) if further is OrderStatus.BUILDING else None
        self.save(
            advance(order, details_of(further), at=self.now, attempt=1, transaction=transaction)
        )

    def answer(self) -> None:
        """A worker says what a limit lacks."""
        if (order := self.any_order(OrderStatus.OPEN)) is None:
            return
        quoted = self.chance.choice([0, 98, 99])
        short = Shortfall(order_id=order.order_id, needed=100, quoted=quoted)
        recheck_at = self.now + timedelta(seconds=self.chance.randrange(1, 15))
        for book in (self.model_book, self.real_book):
            # Only limits are ever answered about.
            if is_resting_limit(order.terms):
                book.postpone([short], recheck_at=recheck_at)

    def any_order(self, *statuses: OrderStatus) -> Order | None:
        found = [order for order in self.model.orders.values() if order.status in statuses]
        return self.chance.choice(found) if found else None

    def save(self, transition: Transition, *, sweep_at: datetime | None = None) -> None:
        one, other = (
            store.save([transition], sweep_at=sweep_at) for store in (self.model, self.real)
        )
        assert one == other

    def from_outside(self, transition: Transition) -> None:
        """Move an order; its message may be lost."""
        self.save(transition, sweep_at=self.now + timedelta(seconds=10))

    def sweep(self) -> None:
        """Queue what is stale, or some of it."""
        due_before = self.now - timedelta(seconds=30)
        stale = self.model.stale(due_before=due_before, now=self.now, limit=1_000)
        some = [order_id for order_id in stale if self.chance.random() < 0.7]
        for store in (self.model, self.real):
            store.schedule_sweep(some, at=self.now + timedelta(minutes=3))

    def must_agree(self) -> None:
        numbers = [order_id(number + 1) for number in range(self.placed)]
        for name in numbers:
            one, other = (store.get(name, ANONYMOUS) for store in (self.model, self.real))
            assert one == other
            watches = [book.watches(name) for book in (self.model_book, self.real_book)]
            assert watches[0] == watches[1], one.order
            assert bool(watches[0]) == (one.order.status is OrderStatus.OPEN)
        assert self.model_book.state().slot == self.real_book.state().slot
        now, due_before = self.now, self.now - timedelta(seconds=30)
        stale = [
            dict(store.stale(due_before=due_before, now=now, limit=1_000))
            for store in (self.model, self.real)
        ]
        assert stale[0] == stale[1]


def told(ticked: Ticked | None) -> object:
    if ticked is None:
        return None
    fired: list[tuple[OrderId, int, str]] = sorted(
        (f.order_id, f.sequence, str(f.kind)) for f in ticked.fired
    )
    rest = sorted(ticked.expired), sorted(ticked.asked), sorted(ticked.announced_through.items())
    return ticked.is_whole, fired, *rest


@pytest.mark.parametrize("seed", range(15))
def test_both_books_do_the_same_whatever_comes(database: PostgresDatabase, seed: int) -> None:
    both = Both(database, seed)

    for number in range(STEPS):
        both.step()
        if number % 10 == 9:
            both.must_agree()

    ends: set[datetime] = {order.updated_at for order in both.model.orders.values()}
    assert len(ends) > 3
