from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.events import (
    AttemptStarted,
    Failure,
    OrderConfirmed,
    OrderEvent,
    OrderFailed,
)
from chalicelib.domain.orders.order import OrderId, OrderStatus, Signature
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
from tests.contract.samples import details_of

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
details = st.one_of(
    st.sampled_from(OrderStatus).map(details_of),
    st.builds(AttemptStarted, retry_of=st.none() | failures),
    st.builds(OrderFailed, failure=failures),
    st.builds(
        OrderConfirmed,
        amount_in=st.integers(0, U64_MAX),
        amount_out=st.integers(0, U64_MAX),
        signature=st.text().map(Signature),
        slot=st.integers(0, U64_MAX),
    ),
)
updates = st.builds(
    StatusUpdate,
    event=st.builds(
        OrderEvent,
        order_id=order_ids,
        sequence=sequences,
        attempt=sequences,
        occurred_at=moments,
        pair=pairs,
        details=details,
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
