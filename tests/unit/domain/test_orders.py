from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from chalicelib.domain.errors import IllegalTransitionError, InvalidOrderIdError
from chalicelib.domain.orders.events import (
    CancelRequested,
    EventDetails,
    OrderAccepted,
    OrderEdited,
    OrderOpened,
)
from chalicelib.domain.orders.lifecycle import accept, advance, cancel
from chalicelib.domain.orders.order import (
    Order,
    OrderId,
    OrderStatus,
    Signature,
    SignedTransaction,
    parse_order_id,
)
from chalicelib.domain.orders.terms import (
    MARKET,
    Condition,
    DcaTerms,
    LimitTerms,
    OnMissed,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
)
from chalicelib.domain.owners import ANONYMOUS
from tests.contract.samples import details_of
from tests.world import SOL_USDC, exact_in

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
ORDER_ID = OrderId("00000000-0000-4000-8000-000000000001")
# The table is the same for all, but that only such a limit waits again.
LIMIT = LimitTerms(limit=1, time_in_force=TimeInForce.GTC)
SCHEDULE = DcaTerms(slices=2, start_at=AT, span=timedelta(hours=1), on_missed=OnMissed.SKIP)
TRANSACTION = SignedTransaction(
    signature=Signature("5" * 88), wire_bytes=b"signed", last_valid_block_height=150
)
LEGAL = {
    "open -> open",
    "open -> routing",
    "open -> cancelled",
    "open -> expired",
    "open -> failed",
    "open -> completed",
    "pending -> routing",
    "pending -> failed",
    "pending -> cancelled",
    "routing -> routing",
    "routing -> building",
    "routing -> failed",
    "routing -> cancelled",
    "routing -> expired",
    "routing -> open",
    "building -> building",
    "building -> submitted",
    "submitted -> submitted",
    "submitted -> routing",
    "submitted -> confirmed",
    "submitted -> failed",
    "submitted -> cancelled",
    "submitted -> expired",
    "submitted -> open",
}
# Nothing but a request to cancel leaves the order where it is.
REQUESTS = {"building -> building", "submitted -> submitted"}
EVERY_PAIR = {f"{old} -> {new}": (old, new) for old, new in product(OrderStatus, repeat=2)}


def details_for(old: OrderStatus, new: OrderStatus) -> EventDetails:
    if f"{old} -> {new}" in REQUESTS:
        return CancelRequested(status=new, signature=TRANSACTION.signature)
    if f"{old} -> {new}" == "open -> open":
        return OrderEdited(changed={"triggerPrice": "1"})
    return details_of(new)


def accepted(terms: Terms = LIMIT) -> Order:
    return accept(
        owner_id=ANONYMOUS,
        order_id=ORDER_ID,
        terms=terms,
        trade=exact_in(),
        slippage_bps=50,
        max_price_impact_bps=700,
        at=AT,
    ).order


def order_at(status: OrderStatus, *, over_time: bool = False) -> Order:
    order = accepted(SCHEDULE) if over_time else accepted()
    return replace(order, status=status, sequence=4, attempt=2, transaction=TRANSACTION)


@pytest.mark.parametrize("name", sorted(LEGAL))
def test_advance_moves_the_order_when_the_table_lists_the_move(name: str) -> None:
    old, new = EVERY_PAIR[name]
    order = order_at(old, over_time=new is OrderStatus.COMPLETED)

    moved = advance(order, details_for(old, new), at=LATER).order

    assert (moved.status, moved.sequence, moved.updated_at) == (new, 5, LATER)
    assert moved.cancel_requested == (name in REQUESTS)


@pytest.mark.parametrize("name", sorted(EVERY_PAIR))
def test_advance_raises_when_a_request_and_a_move_are_confused(name: str) -> None:
    old, new = EVERY_PAIR[name]
    request = CancelRequested(status=new, signature=TRANSACTION.signature)

    with pytest.raises(IllegalTransitionError):
        advance(order_at(old), details_of(new) if name in REQUESTS else request, at=LATER)


SIGNED = {OrderStatus.BUILDING, OrderStatus.SUBMITTED}


@pytest.mark.parametrize("status", [s for s in OrderStatus if not s.is_final])
def test_cancel_ends_the_order_unless_it_is_signed(status: OrderStatus) -> None:
    transaction = TRANSACTION if status in SIGNED else None
    order = replace(order_at(status), transaction=transaction, due_at=LATER + timedelta(hours=1))

    moved = cancel(order, at=LATER).order

    if status in SIGNED:
        assert moved == replace(order, sequence=5, updated_at=LATER, cancel_requested=True)
    else:
        assert moved.status is OrderStatus.CANCELLED
        assert not moved.cancel_requested


@pytest.mark.parametrize("status", [s for s in OrderStatus if s.is_final])
def test_cancel_raises_when_the_order_is_final(status: OrderStatus) -> None:
    with pytest.raises(IllegalTransitionError):
        cancel(order_at(status), at=LATER)


@pytest.mark.parametrize("name", sorted(EVERY_PAIR.keys() - LEGAL))
def test_advance_raises_when_the_table_does_not_list_the_move(name: str) -> None:
    old, new = EVERY_PAIR[name]

    with pytest.raises(IllegalTransitionError, match=f"{old} cannot change to {new}"):
        advance(order_at(old), details_of(new), at=LATER)


def test_order_over_time_never_trades_itself() -> None:
    order = order_at(OrderStatus.OPEN, over_time=True)

    with pytest.raises(IllegalTransitionError):
        advance(order, details_of(OrderStatus.ROUTING), at=LATER)


def test_edit_alone_leaves_an_open_order_open() -> None:
    with pytest.raises(IllegalTransitionError):
        advance(order_at(OrderStatus.OPEN), OrderOpened(), at=LATER)
    for status in (OrderStatus.ROUTING, OrderStatus.SUBMITTED):
        with pytest.raises(IllegalTransitionError):
            advance(order_at(status), OrderEdited(changed={}), at=LATER)


STOP = StopTerms(
    price=StatedPrice(text="1", price_in=SOL_USDC.token_out.mint), condition=Condition.BELOW
)


@pytest.mark.parametrize(
    "terms", [MARKET, STOP, replace(LIMIT, time_in_force=TimeInForce.FOK)], ids=repr
)
@pytest.mark.parametrize("status", [OrderStatus.ROUTING, OrderStatus.SUBMITTED])
def test_advance_raises_when_what_is_no_resting_limit_would_wait_again(
    terms: Terms, status: OrderStatus
) -> None:
    with pytest.raises(IllegalTransitionError):
        advance(replace(order_at(status), terms=terms), details_of(OrderStatus.OPEN), at=LATER)


@pytest.mark.parametrize("terms", [LIMIT, STOP])
def test_accept_gives_an_open_order_when_its_terms_let_it_wait(terms: Terms) -> None:
    expires_at = AT + timedelta(days=1)

    transition = accept(
        owner_id=ANONYMOUS,
        order_id=ORDER_ID,
        terms=terms,
        trade=exact_in(),
        slippage_bps=0,
        max_price_impact_bps=700,
        expires_at=expires_at,
        armed_slot=7,
        at=AT,
    )

    order, event = transition.order, transition.event
    assert (order.status, event.status, event.details) == ("open", "open", OrderOpened())
    assert (order.terms, order.expires_at, order.armed_slot) == (terms, expires_at, 7)
    assert transition.status_before is None
    assert order.as_accepted() == order


@pytest.mark.parametrize("status", OrderStatus)
def test_status_is_final_exactly_when_no_move_leads_out_of_it(status: OrderStatus) -> None:
    ways_out = [name for name in LEGAL if name.startswith(f"{status} ->")]

    assert status.is_final == (not ways_out)


def test_accept_gives_a_pending_order_and_its_first_event() -> None:
    transition = accept(
        owner_id=ANONYMOUS,
        order_id=ORDER_ID,
        trade=exact_in(),
        slippage_bps=50,
        max_price_impact_bps=700,
        at=AT,
    )

    order, event = transition.order, transition.event
    assert (order.status, order.sequence, order.attempt) == (OrderStatus.PENDING, 1, 0)
    assert (order.due_at, order.created_at, order.updated_at) == (AT, AT, AT)
    assert (order.trade, order.transaction) == (exact_in(), None)
    assert (order.slippage_bps, order.max_price_impact_bps) == (50, 700)
    assert (event.sequence, event.status, event.attempt) == (1, OrderStatus.PENDING, 0)
    assert (event.order_id, event.occurred_at, event.details) == (ORDER_ID, AT, OrderAccepted())


def test_advance_records_what_the_order_became_when_it_moves() -> None:
    order = order_at(OrderStatus.ROUTING)

    details = details_of(OrderStatus.BUILDING)

    transition = advance(order, details, at=LATER, attempt=3)

    moved, event = transition.order, transition.event
    assert (event.sequence, event.status, event.attempt) == (5, OrderStatus.BUILDING, 3)
    assert (event.sequence, event.status, event.attempt) == (
        moved.sequence,
        moved.status,
        moved.attempt,
    )
    assert (event.occurred_at, event.pair, event.details) == (LATER, SOL_USDC, details)


def test_advance_leaves_the_request_alone_when_the_order_moves() -> None:
    order = order_at(OrderStatus.SUBMITTED)

    moved = advance(order, details_of(OrderStatus.CONFIRMED), at=LATER).order

    changed = {f.name for f in fields(Order) if getattr(order, f.name) != getattr(moved, f.name)}
    assert changed == {"status", "sequence", "due_at", "updated_at"}


def test_advance_forgets_the_transaction_when_an_attempt_begins() -> None:
    moved = advance(
        order_at(OrderStatus.SUBMITTED), details_of(OrderStatus.ROUTING), at=LATER
    ).order

    assert moved.transaction is None


def test_advance_keeps_the_transaction_when_no_attempt_begins() -> None:
    moved = advance(
        order_at(OrderStatus.BUILDING), details_of(OrderStatus.SUBMITTED), at=LATER
    ).order

    assert moved.transaction == TRANSACTION


@pytest.mark.parametrize("due_at", [None, LATER + timedelta(seconds=9)], ids=["at once", "later"])
def test_advance_makes_the_order_due_at_once_unless_told_otherwise(due_at: datetime | None) -> None:
    moved = advance(
        order_at(OrderStatus.PENDING), details_of(OrderStatus.ROUTING), at=LATER, due_at=due_at
    )

    assert moved.order.due_at == (due_at or LATER)


def test_order_id_is_read_in_small_letters_when_it_is_a_uuid() -> None:
    assert parse_order_id("ABCDEF00-0000-4000-8000-00000000000A") == (
        "abcdef00-0000-4000-8000-00000000000a"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "abcdef00",
        f"{ORDER_ID} ",
        f"{ORDER_ID}\n",
        f"{{{ORDER_ID}}}",
        "\u0660" + ORDER_ID[1:],
    ],
    ids=["empty", "number", "short", "blank after", "newline after", "braces", "other digits"],
)
def test_order_id_is_refused_when_it_is_not_a_uuid(text: str) -> None:
    with pytest.raises(InvalidOrderIdError):
        parse_order_id(text)
