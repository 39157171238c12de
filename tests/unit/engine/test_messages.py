import json
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.errors import InvalidRequestError
from chalicelib.domain.orders.events import (
    AttemptStarted,
    Failure,
    OrderConfirmed,
    OrderEvent,
    OrderFailed,
    Pack,
)
from chalicelib.domain.orders.order import OrderId, OrderStatus, Signature
from chalicelib.domain.orders.triggers import Trigger, TriggerKind
from chalicelib.domain.token_list import TOKENS
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.messages import (
    ExecuteOrder,
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    UnfollowRequest,
    decode_execute_order,
    decode_status_message,
    encode,
)
from tests.contract.samples import accepted, details_of, event, way_to_confirmed
from tests.world import World

order_ids = st.uuids().map(lambda uuid: OrderId(str(uuid)))
sequences = st.integers(min_value=0, max_value=10**6)
moments = st.datetimes(timezones=st.just(UTC))
listed = st.permutations(TOKENS).map(lambda tokens: tuple(tokens[:2]))
unlisted = st.builds(
    Token,
    symbol=st.text(min_size=1, max_size=32),
    mint=st.text("123456789ABCDEFabcdef", min_size=32, max_size=44).map(Mint),
    decimals=st.integers(0, 255),
)
pairs = (listed | st.tuples(unlisted, unlisted)).map(
    lambda tokens: Pair(token_in=tokens[0], token_out=tokens[1])
)
failures = st.builds(Failure, code=st.text(), message=st.text())
triggers = st.builds(
    Trigger,
    kind=st.sampled_from(TriggerKind),
    rate=st.integers(0, 10**60),
    slot=st.integers(0, U64_MAX),
    observed_at=moments,
    gap_slots=st.integers(0, 1_000),
)
details = st.one_of(
    st.sampled_from(OrderStatus).map(details_of),
    st.builds(AttemptStarted, trigger=st.none() | triggers, retry_of=st.none() | failures),
    st.builds(OrderFailed, failure=failures),
    st.builds(
        OrderConfirmed,
        amount_in=st.integers(0, U64_MAX),
        amount_out=st.integers(0, U64_MAX),
        signature=st.text().map(Signature),
        slot=st.integers(0, U64_MAX),
        amount_in_unfilled=st.none() | st.integers(0, U64_MAX),
    ),
)


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    """Consecutive events of one order."""
    order_id, pair, first = draw(order_ids), draw(pairs), draw(sequences)
    happened = draw(st.lists(st.tuples(sequences, moments, details), min_size=1, max_size=4))
    return tuple(
        OrderEvent(
            order_id=order_id,
            sequence=sequence,
            attempt=attempt,
            occurred_at=occurred_at,
            pair=pair,
            details=what,
        )
        for sequence, (attempt, occurred_at, what) in enumerate(happened, start=first)
    )


updates = st.builds(StatusUpdate, events=packs())
follow_requests = st.builds(
    FollowRequest,
    request_id=st.text(),
    connection_id=st.text(),
    order_id=order_ids,
    after=sequences,
    connected_at=moments,
    takes_batches=st.booleans(),
)
unfollow_requests = st.builds(
    UnfollowRequest, request_id=st.text(), connection_id=st.text(), order_id=order_ids
)


@given(message=st.builds(ExecuteOrder, order_id=order_ids, announced_through=sequences))
def test_order_message_comes_back_when_written_and_read(message: ExecuteOrder) -> None:
    assert decode_execute_order(encode(message)) == message


@settings(max_examples=50)
@given(message=updates | follow_requests | unfollow_requests)
def test_status_message_comes_back_when_written_and_read(message: StatusMessage) -> None:
    assert decode_status_message(encode(message)) == message


def test_message_tells_of_its_last_event_as_before_when_there_are_earlier_ones() -> None:
    pack = history()[1:3]

    alone, together = (
        json.loads(encode(StatusUpdate(events=events))) for events in (pack[-1:], pack)
    )

    [earlier] = together.pop("earlier")
    assert together == alone
    assert earlier == {
        name: value
        for name, value in json.loads(encode(StatusUpdate(events=pack[:1]))).items()
        if name in ("sequence", "status", "attempt", "occurred_at", "details")
    }


def test_request_of_the_version_before_takes_no_batches() -> None:
    request = World().follow_request("alice", event().order_id, batch=True)
    body: dict[str, Any] = json.loads(encode(request))
    del body["batch"]

    assert decode_status_message(json.dumps(body)) == replace(request, takes_batches=False)


def with_a_hole(body: dict[str, Any]) -> None:
    body["sequence"] += 1


def with_no_event_there(body: dict[str, Any]) -> None:
    body["earlier"] = [None]


@pytest.mark.parametrize("spoil", [with_a_hole, with_no_event_there])
def test_message_is_refused_when_its_events_do_not_follow_one_another(spoil: Any) -> None:
    body = json.loads(encode(StatusUpdate(events=history()[1:3])))
    spoil(body)

    with pytest.raises(InvalidRequestError):
        decode_status_message(json.dumps(body))


@pytest.mark.parametrize(
    "events",
    [(), (event(1, 1), event(1, 3)), (event(1, 2), event(1, 1)), (event(1, 1), event(2, 2))],
    ids=["none", "hole", "backwards", "two orders"],
)
def test_update_is_no_update_when_its_events_do_not_follow_one_another(events: Pack) -> None:
    with pytest.raises(ValueError, match="consecutive"):
        StatusUpdate(events=events)


def history() -> Pack:
    pending = accepted()
    return (pending.event, *(move.event for move in way_to_confirmed(pending)))
