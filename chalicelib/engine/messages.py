"""What travels on the queues, and its JSON form: the one place that knows both."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.errors import CodedError, InvalidRequestError
from chalicelib.domain.orders.event_codec import (
    read_details,
    write_event,
)
from chalicelib.domain.orders.events import OrderEvent, Pack
from chalicelib.domain.orders.order import OrderId, OrderStatus, parse_order_id
from chalicelib.domain.orders.token_codec import read_token, write_token
from chalicelib.domain.token_list import find_pair
from chalicelib.domain.tokens import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteOrder:
    """Carry this order on; its events up to `announced_through` need not be announced again.

    The first event never needs it: whoever follows an order has its id from an answer that came
    after that event was committed, so that the replay shows it. `rescues` counts how often the
    order has come back from the dead-letter queue, `hand_backs` how often a worker has handed it
    back since it last moved.
    """

    order_id: OrderId
    announced_through: int = 1
    rescues: int = 0
    hand_backs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """Tell the order's followers of these events."""

    events: Pack

    def __post_init__(self) -> None:
        """Raise ValueError unless these are consecutive events of one order."""
        first = self.events[0] if self.events else None
        if first is None or any(
            (event.order_id, event.sequence) != (first.order_id, first.sequence + number)
            for number, event in enumerate(self.events)
        ):
            raise ValueError("an update has consecutive events of one order, at least one")

    @property
    def order_id(self) -> OrderId:
        return self.events[0].order_id

    @property
    def sequences(self) -> tuple[int, int]:
        """The first and the last."""
        return self.events[0].sequence, self.events[-1].sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRequest:
    """Show the connection the order's events after `after`, past and future.

    `request_id` tells one request of a connection from another; `connected_at` is when the first
    of them was queued, or when the connection was opened before. A connection that `takes_batches`
    gets events that come together in one frame.
    """

    request_id: str
    connection_id: str
    order_id: OrderId
    after: int
    connected_at: datetime
    takes_batches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfollowRequest:
    """Show the connection no more of the order's events; what stands before this it still sees."""

    request_id: str
    connection_id: str
    order_id: OrderId


StatusMessage = StatusUpdate | FollowRequest | UnfollowRequest

# What reading a message of any other origin may raise.
_UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, RecursionError, CodedError)


def encode(message: ExecuteOrder | StatusMessage) -> str:
    """Write a message as JSON."""
    match message:
        case ExecuteOrder():
            body: dict[str, Any] = {
                "order_id": message.order_id,
                "announced_through": message.announced_through,
                "rescues": message.rescues,
                "hand_backs": message.hand_backs,
            }
        case StatusUpdate(events=(*earlier, last)):
            body = {
                "kind": "update",
                "order_id": last.order_id,
                **write_event(last),
                "token_in": write_token(last.pair.token_in),
                "token_out": write_token(last.pair.token_out),
                # For the publisher of the version before, which a deployment replaces second: of
                # several events it sees the last one, and its followers the hole before that.
                "input_mint": last.pair.token_in.mint,
                "output_mint": last.pair.token_out.mint,
            }
            if earlier:
                body["earlier"] = [write_event(event) for event in earlier]
        case FollowRequest():
            body = {
                "kind": "follow",
                "request_id": message.request_id,
                "connection_id": message.connection_id,
                "order_id": message.order_id,
                "after": message.after,
                "connected_at": message.connected_at.isoformat(),
                "batch": message.takes_batches,
            }
        case UnfollowRequest():
            body = {
                "kind": "unfollow",
                "request_id": message.request_id,
                "connection_id": message.connection_id,
                "order_id": message.order_id,
            }
    return json.dumps(body, separators=(",", ":"))


def decode_execute_order(body: str) -> ExecuteOrder:
    """Read a message of the order queue. Raises InvalidRequestError when it is none."""
    try:
        fields = json.loads(body)
        return ExecuteOrder(
            order_id=parse_order_id(fields["order_id"]),
            announced_through=int(fields["announced_through"]),
            # Messages from before these were counted may still be on their way.
            rescues=int(fields.get("rescues", 0)),
            hand_backs=int(fields.get("hand_backs", 0)),
        )
    except _UNREADABLE as error:
        raise InvalidRequestError(f"not an order message: {error!r}") from error


def decode_status_message(body: str) -> StatusMessage:
    """Read a message of the status queue. Raises InvalidRequestError when it is none."""
    try:
        fields = json.loads(body)
        return _STATUS_READERS[fields["kind"]](fields)
    except _UNREADABLE as error:
        raise InvalidRequestError(f"not a status message: {error!r}") from error


def _read_update(fields: dict[str, Any]) -> StatusUpdate:
    order_id, pair = parse_order_id(fields["order_id"]), _read_pair(fields)
    # Messages of the version before, and those of one event, have nothing earlier.
    events = [*fields.get("earlier", ()), fields]
    return StatusUpdate(events=tuple(_read_event(event, order_id, pair) for event in events))


def _read_event(fields: dict[str, Any], order_id: OrderId, pair: Pair) -> OrderEvent:
    return OrderEvent(
        order_id=order_id,
        sequence=int(fields["sequence"]),
        attempt=int(fields["attempt"]),
        occurred_at=_read_time(fields["occurred_at"]),
        pair=pair,
        details=read_details(OrderStatus(fields["status"]), fields["details"]),
    )


def _read_pair(fields: dict[str, Any]) -> Pair:
    if "token_in" not in fields:
        # Of the version before, which named listed tokens by their mints.
        return find_pair(fields["input_mint"], fields["output_mint"])
    token_in, token_out = read_token(fields["token_in"]), read_token(fields["token_out"])
    return Pair(token_in=token_in, token_out=token_out)


def _read_follow(fields: dict[str, Any]) -> FollowRequest:
    return FollowRequest(
        request_id=fields["request_id"],
        connection_id=fields["connection_id"],
        order_id=parse_order_id(fields["order_id"]),
        after=int(fields["after"]),
        connected_at=_read_time(fields["connected_at"]),
        # Requests of the version before do not say it.
        takes_batches=bool(fields.get("batch", False)),
    )


def _read_unfollow(fields: dict[str, Any]) -> UnfollowRequest:
    return UnfollowRequest(
        request_id=fields["request_id"],
        connection_id=fields["connection_id"],
        order_id=parse_order_id(fields["order_id"]),
    )


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_STATUS_READERS: dict[str, Callable[[dict[str, Any]], StatusMessage]] = {
    "update": _read_update,
    "follow": _read_follow,
    "unfollow": _read_unfollow,
}
