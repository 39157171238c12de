from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.tokens import TOKENS, Pair
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

order_ids = st.uuids().map(lambda uuid: OrderId(str(uuid)))
sequences = st.integers(min_value=0, max_value=10**6)
moments = st.datetimes(timezones=st.just(UTC))
pairs = st.permutations(TOKENS).map(lambda tokens: Pair(token_in=tokens[0], token_out=tokens[1]))
contents = st.recursive(
    st.none() | st.booleans() | st.integers(min_value=0, max_value=2**64) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
updates = st.builds(
    StatusUpdate,
    event=st.builds(
        OrderEvent,
        order_id=order_ids,
        sequence=sequences,
        status=st.sampled_from(OrderStatus),
        attempt=sequences,
        occurred_at=moments,
        pair=pairs,
        details=st.dictionaries(st.text(), contents, max_size=4),
    ),
)
follow_requests = st.builds(
    FollowRequest,
    request_id=st.text(),
    connection_id=st.text(),
    order_id=order_ids,
    after=sequences,
    connected_at=moments,
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
