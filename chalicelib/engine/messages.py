"""What travels on the queues, and its JSON form: the one place that knows both."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.errors import CodedError, InvalidRequestError
from chalicelib.domain.orders.event_codec import (
    read_details,
    read_token,
    write_details,
    write_token,
)
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, OrderStatus, parse_order_id
from chalicelib.domain.token_list import find_pair
from chalicelib.domain.tokens import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteOrder:
    """Carry this order on; its events up to `announced_through` need not be announced again.

    The first event never needs it: whoever follows an order has its id from an answer that came
    after that event was committed, so that the replay shows it. `rescues` counts how often the
    order has come back from the dead-letter queue.
    """

    order_id: OrderId
    announced_through: int = 1
    rescues: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """Tell the order's followers of this event."""

    event: OrderEvent

    @property
    def order_id(self) -> OrderId:
        return self.event.order_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRequest:
    """Show the connection the order's events after `after`, past and future.

    `request_id` tells one request of a connection from another.
    """

    request_id: str
    connection_id: str
    order_id: OrderId
    after: int
    connected_at: datetime


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
            }
        case StatusUpdate(event=event):
            body = {
                "kind": "update",
                "order_id": event.order_id,
                "sequence": event.sequence,
                "status": event.status,
                "attempt": event.attempt,
                "occurred_at": event.occurred_at.isoformat(),
                "token_in": write_token(event.pair.token_in),
                "token_out": write_token(event.pair.token_out),
                "details": write_details(event.details),
                # For the publisher of the version before, which a deployment replaces second.
                "input_mint": event.pair.token_in.mint,
                "output_mint": event.pair.token_out.mint,
            }
        case FollowRequest():
            body = {
                "kind": "follow",
                "request_id": message.request_id,
                "connection_id": message.connection_id,
                "order_id": message.order_id,
                "after": message.after,
                "connected_at": message.connected_at.isoformat(),
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
            # Messages from before there were rescues may still be on their way.
            rescues=int(fields.get("rescues", 0)),
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
    return StatusUpdate(
        event=OrderEvent(
            order_id=parse_order_id(fields["order_id"]),
            sequence=int(fields["sequence"]),
            attempt=int(fields["attempt"]),
            occurred_at=_read_time(fields["occurred_at"]),
            pair=_read_pair(fields),
            details=read_details(OrderStatus(fields["status"]), fields["details"]),
        )
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
