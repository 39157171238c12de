"""What must hold of an order, told by its row, its history, the chain and what followers heard."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, pairwise

from chalicelib.domain.orders.events import (
    AttemptStarted,
    Failure,
    OrderConfirmed,
    OrderEvent,
    OrderFailed,
    OrderOpened,
    Pack,
    SliceBegun,
    SliceConfirmed,
    SliceSkipped,
    TransactionBuilt,
)
from chalicelib.domain.orders.lifecycle import TRANSITIONS
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, Progress, first_status
from chalicelib.domain.orders.schedules import slice_id
from chalicelib.domain.orders.terms import OnMissed, ScheduleTerms, exit_plan
from chalicelib.simulation.chain import FINALIZED_BEHIND_BLOCKS
from chalicelib.simulation.ledger import LedgerEntry
from chalicelib.simulation.market import slot_at

EXPIRED = "BLOCKHASH_EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An order, its history, what of it has reached the chain, and what was announced.

    An event's time is that of the tick it belongs to; where something slow can happen in a tick,
    `decided_at` says of a sequence when it was about to be saved.
    """

    order: Order
    events: Sequence[OrderEvent]
    landed: Sequence[LedgerEntry]
    announced: Sequence[Pack] = ()
    decided_at: Mapping[int, datetime] = field(default_factory=dict)

    def faults(self) -> Iterator[str]:
        """What must never be, at any time."""
        yield from self._faults_of_history()
        yield from self._faults_of_money()
        yield from self._faults_of_attempts()

    def faults_at_the_end(self) -> Iterator[str]:
        """What must not be once everything is quiet."""
        yield from self.faults()
        if not self.order.status.is_final:
            yield f"it never ended: {self.order.status}"
        yield from self._faults_of_announcing()

    def _faults_of_history(self) -> Iterator[str]:
        sequences = [event.sequence for event in self.events]
        if sequences != [*range(1, len(sequences) + 1)]:
            yield f"the history has holes: {sequences}"
        last = self.events[-1]
        row = self.order.status, self.order.sequence, self.order.attempt, self.order.updated_at
        if row != (last.status, last.sequence, last.attempt, last.occurred_at):
            yield f"the row is not the last event: {row}"
        statuses = [event.status for event in self.events]
        if statuses[0] is not first_status(self.order.terms):
            yield f"it began as {statuses[0]}"
        for move in pairwise(statuses):
            if move not in TRANSITIONS:
                yield f"an illegal move: {move}"

    def _faults_of_money(self) -> Iterator[str]:
        """What is on its way counts as well: it cannot be called back."""
        swaps = [entry for entry in self.landed if entry.error_code is None]
        is_confirmed = self.order.status is OrderStatus.CONFIRMED
        is_over = self.order.status.is_final and not is_confirmed
        most = 0 if is_over or self.order.status is OrderStatus.OPEN else 1
        if not is_confirmed <= len(swaps) <= most:
            yield f"{self.order.status} with {len(swaps)} swaps"
        elif is_confirmed:
            details = self.events[-1].details
            for name in ("signature", "amount_in", "amount_out"):
                on_chain, here = getattr(swaps[0], name), getattr(details, name)
                if on_chain != here:
                    yield f"{name} is {on_chain} on chain, {here} here"

    def _faults_of_attempts(self) -> Iterator[str]:
        """A transaction is committed before it is sent, and given up only when it is dead."""
        landed = {entry.signature: entry for entry in self.landed}
        built = {
            e.attempt: e.details for e in self.events if isinstance(e.details, TransactionBuilt)
        }
        for signature in landed.keys() - {details.signature for details in built.values()}:
            yield f"on chain, but never committed: {signature}"
        for before, event in pairwise(self.events):
            if before.status is OrderStatus.SUBMITTED and event.status not in (
                OrderStatus.SUBMITTED,
                OrderStatus.CONFIRMED,
            ):
                details = built[before.attempt]
                entry = landed.get(details.signature)
                slot = slot_at(self.decided_at.get(event.sequence, event.occurred_at))
                has_none = event.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
                reason = None if has_none else reason_of(event)
                if reason is not None and (reason == EXPIRED) != (entry is None):
                    yield f"attempt {before.attempt} did not fail because of {reason}"
                if entry is None:
                    finalized = slot - FINALIZED_BEHIND_BLOCKS
                    is_dead = finalized > details.last_valid_block_height
                else:
                    is_dead = entry.error_code is not None and entry.landing_slot <= slot
                if not is_dead:
                    yield f"attempt {before.attempt} was given up while it could land"

    def _faults_of_announcing(self) -> Iterator[str]:
        """Followers see the first event when they connect. The queue drops a pack that it knows:
        followers would see an event twice that came in another."""
        packs = [*dict.fromkeys(tuple(e.sequence for e in pack) for pack in self.announced)]
        sequences = [sequence for pack in packs for sequence in pack]
        if [n for n in sequences if n > 1] != [*range(2, len(self.events) + 1)]:
            yield f"of {len(self.events)} events, followers heard {sequences}"
        for event in chain.from_iterable(self.announced):
            # What it buys, an order may have found only later.
            if replace(event, pair=self.order.pair) not in self.events:
                yield f"followers heard what never was: {event}"


def faults_of(stories: Sequence[Story]) -> list[str]:
    """Everything that is wrong once everything is quiet."""
    return [
        f"{story.order.order_id}: {fault}"
        for story in stories
        for fault in (
            *story.faults_at_the_end(),
            *faults_of_slices(story, stories),
            *faults_of_exit(story, stories),
        )
    ]


def faults_of_slices(parent: Story, stories: Sequence[Story]) -> Iterator[str]:
    """What must not be of an order over time, under way or ended, and the slices among these."""
    if parent.order.progress is None:
        return
    slices = [s.order for s in stories if s.order.parent_id == parent.order.order_id]
    details = [event.details for event in parent.events]
    begun = [each for each in details if isinstance(each, SliceBegun)]
    ends = [each for each in details if isinstance(each, SliceConfirmed | SliceSkipped)]
    yield from _faults_of_begun(begun, {order.order_id: order for order in slices})
    yield from _faults_of_grid(parent)
    if sum(not order.status.is_final for order in slices) > 1:
        yield f"more than one of its slices is under way: {slices}"
    told = [each.order_id for each in ends if each.order_id is not None]
    ended = {order.order_id for order in slices if order.status.is_final}
    is_through = parent.order.status is OrderStatus.COMPLETED
    if len(told) > len({*told}) or not {*told} <= ended or (is_through and {*told} != ended):
        yield f"it was told of {told}, and {ended} have ended"
    yield from _faults_of_sums(parent.order, parent.order.progress, ends)


def _faults_of_begun(begun: Sequence[SliceBegun], slices: Mapping[OrderId, Order]) -> Iterator[str]:
    """Each slice exists once, as it was told."""
    if sorted(details.order_id for details in begun) != sorted(slices):
        yield f"it has begun {begun}, and there are {sorted(slices)}"
    for details in begun:
        order = slices.get(details.order_id)
        if order is None or order.trade.amount != details.amount_in:
            yield f"{details} has become {order}"
        elif order.order_id != slice_id(order.parent_id or order.order_id, details.number):
            yield f"{details} has another id"


def _faults_of_grid(parent: Story) -> Iterator[str]:
    """A slice begins from its time on, and only the last of those whose time has come."""
    terms = parent.order.terms
    assert isinstance(terms, ScheduleTerms)
    for event in parent.events:
        if isinstance(event.details, SliceBegun):
            number, at = event.details.number, event.occurred_at
            is_last = terms.on_missed is OnMissed.CATCH_UP and number == terms.slices - 1
            is_over = terms.due_at(number + 1) <= at and not is_last
            if event.details.due_at != terms.due_at(number) or at < terms.due_at(number) or is_over:
                yield f"slice {number} began at {at}: {event.details}"


def _faults_of_sums(
    parent: Order, progress: Progress, ends: Sequence[SliceConfirmed | SliceSkipped]
) -> Iterator[str]:
    done = [details for details in ends if isinstance(details, SliceConfirmed)]
    sums = sum(each.amount_in for each in done), sum(each.amount_out for each in done)
    counts = len(done), len(ends) - len(done)
    if sums != (progress.spent, progress.received):
        yield f"{progress}, but its slices have come to {sums}"
    if counts != (progress.done, progress.skipped):
        yield f"{progress}, but of its slices it was told {counts}"
    if not progress.spent <= progress.allotted <= parent.trade.amount:
        yield f"{progress.allotted} of {parent.trade.amount} were allotted"


def faults_of_exit(parent: Story, stories: Sequence[Story]) -> Iterator[str]:
    """An order that has bought something is sold again once, as much as it bought, if it shall."""
    details, plan = parent.events[-1].details, exit_plan(parent.order.terms)
    if plan is None:
        return
    children = [s.order for s in stories if s.order.parent_id == parent.order.order_id]
    wanted = [details.amount_out] if isinstance(details, OrderConfirmed) else []
    if [child.trade.amount for child in children] != wanted:
        yield f"it is sold again by {children}, and has bought {wanted}"


def outcome_of(stories: Sequence[Story]) -> str:
    """How the orders ended."""
    ends = [story.order.status for story in stories]
    counts = [f"{ends.count(end)} {end}" for end in dict.fromkeys(sorted(ends))]
    return ", ".join(counts) or "no order"


def reason_of(event: OrderEvent) -> str:
    """Why the attempt before the event failed."""
    match event.details:
        case AttemptStarted(retry_of=Failure(code=code)) | OrderFailed(failure=Failure(code=code)):
            return code
        case OrderOpened(unfilled=Failure(code=code)):
            return code
    raise AssertionError(f"{event} tells of no failure")
