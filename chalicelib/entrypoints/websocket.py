"""WebSocket events to engine. What `connect` returns decides whether the handshake succeeds."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalice.app import WebsocketEvent

from chalicelib.domain.errors import (
    InvalidOrderIdError,
    InvalidRequestError,
    OrderError,
)
from chalicelib.domain.orders import parse_order_id
from chalicelib.engine.follow import Following
from chalicelib.engine.messages import FollowRequest
from chalicelib.engine.ports import StatusFeed
from chalicelib.entrypoints import exact_json, logs, problems, wire
from chalicelib.entrypoints.gate import Gate

log = logging.getLogger(__name__)

PONG = json.dumps({"type": "pong"})
_SEQUENCE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class InvalidAfterError(InvalidRequestError):
    """`after` must be the sequence of an event, a whole number."""

    code = "INVALID_AFTER"


class UnknownActionError(InvalidRequestError):
    """There is no such action."""

    code = "UNKNOWN_ACTION"


def connect(event: WebsocketEvent, following: Following, gate: Gate) -> dict[str, Any]:
    """$connect with `?orderId=` and perhaps `after=` and `ticket=`: follow the order, or refuse."""
    document = event.to_dict()
    try:
        request = _read_follow_request(document)
        ticket = (document["queryStringParameters"] or {}).get("ticket")
        caller = gate.admit_follower(document.get("headers") or {}, request.order_id, ticket)
        following.connect(request, caller.owner_id)
    except OrderError as error:
        status = problems.http_status(error)
        _log("ws_refused", event, code=error.code, status=status)
        body = problems.problem(status=status, code=error.code, detail=error.detail)
        return {"statusCode": status, "body": body}
    _log("ws_connected", event)
    return {"statusCode": 200}


def disconnect(event: WebsocketEvent, following: Following) -> dict[str, Any]:
    """$disconnect: forget the connection."""
    following.disconnect(event.connection_id)
    _log("ws_disconnected", event)
    return {"statusCode": 200}


def message(event: WebsocketEvent, feed: StatusFeed) -> dict[str, Any]:
    """A frame from the client: `{"action":"ping"}` is answered with a pong."""
    try:
        frame = _answer_to(event.body)
    except OrderError as error:
        frame = wire.error_frame(error)
    feed.post(event.connection_id, frame)
    _log("ws_message", event)
    return {"statusCode": 200}


def _log(action: str, event: WebsocketEvent, **fields: object) -> None:
    told = {"connection_id": event.connection_id, "duration_ms": logs.elapsed_ms()}
    log.info(action, extra=fields | told)


def _answer_to(body: str) -> str:
    fields = exact_json.parse(body.encode("utf-8", "surrogatepass"))
    if fields == {"action": "ping"}:
        return PONG
    raise UnknownActionError


def _read_follow_request(event: Mapping[str, Any]) -> FollowRequest:
    context = event["requestContext"]
    query = event.get("queryStringParameters") or {}
    if "orderId" not in query:
        raise InvalidOrderIdError("orderId is missing")
    after = query.get("after", "0")
    if not _SEQUENCE.fullmatch(after):
        raise InvalidAfterError
    return FollowRequest(
        request_id=context["connectionId"],
        connection_id=context["connectionId"],
        order_id=parse_order_id(query["orderId"]),
        after=int(after),
        connected_at=datetime.fromtimestamp(context["connectedAt"] / 1000, UTC),
    )
