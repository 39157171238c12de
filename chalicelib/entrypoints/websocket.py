"""WebSocket events to engine. What `connect` returns decides whether the handshake succeeds; a
frame from the client is answered with a frame, or with the events that it asks for."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalice.app import WebsocketEvent

from chalicelib.domain.errors import CodedError, InvalidOrderIdError
from chalicelib.engine.errors import ConnectionGoneError, UnavailableError
from chalicelib.engine.messages import FollowRequest, UnfollowRequest
from chalicelib.engine.ports.followers import StatusFeed
from chalicelib.engine.streaming.follow import Following
from chalicelib.entrypoints import logs, problems
from chalicelib.entrypoints.gate import Gate
from chalicelib.entrypoints.wire import frames

if TYPE_CHECKING:
    from chalicelib.entrypoints.wire.client_frames import Frame

log = logging.getLogger(__name__)


def connect(event: WebsocketEvent, following: Following, gate: Gate) -> dict[str, Any]:
    """$connect with `?orderId=` and perhaps `after=`, `batch=` and `ticket=`: follow the order, or
    refuse."""
    document = event.to_dict()
    try:
        request = _read_query(document)
        ticket = (document["queryStringParameters"] or {}).get("ticket")
        admitted = gate.admit_follower(document.get("headers") or {}, request.order_id, ticket)
        following.connect(request, admitted.owner_id, is_known=admitted.has_ticket)
    except CodedError as error:
        status = problems.http_status(error)
        _log("ws_refused", event, code=error.code, status=status)
        body = problems.problem(status=status, code=error.code, detail=error.detail)
        return {"statusCode": status, "body": body}
    _log("ws_connected", event)
    return {"statusCode": 200}


def message(
    event: WebsocketEvent, following: Following, feed: StatusFeed, gate: Gate
) -> dict[str, Any]:
    """A frame from the client: subscribe, unsubscribe or ping. Anything else is an error frame."""
    answer = _answer(event, following, gate)
    if answer is not None:
        _post(event.connection_id, answer, feed)
    _log("ws_message", event)
    return {"statusCode": 200}


def _log(action: str, event: WebsocketEvent, **fields: object) -> None:
    fields |= {"connection_id": event.connection_id, "duration_ms": logs.elapsed_ms()}
    log.info(action, extra=fields)


def _answer(event: WebsocketEvent, following: Following, gate: Gate) -> str | None:
    from chalicelib.entrypoints.wire import client_frames

    document: object = None
    try:
        document = client_frames.parse(event.body)
        frame = client_frames.read_frame(document)
        return _act(frame, event.to_dict()["requestContext"], following, gate)
    except CodedError as error:
        log.info("ws_frame_refused", extra={"code": error.code})
        return frames.error_frame(error, client_frames.named_order(document))


def _act(
    frame: "Frame", context: Mapping[str, Any], following: Following, gate: Gate
) -> str | None:
    from chalicelib.entrypoints.wire.client_frames import Ping, Subscribe, Unsubscribe

    match frame:
        case Subscribe(order_id=order_id, after=after, batch=batch, ticket=ticket):
            admitted = gate.admit_subscriber(order_id, ticket)
            following.subscribe(
                FollowRequest(
                    request_id=context["messageId"],
                    connection_id=context["connectionId"],
                    order_id=order_id,
                    after=after,
                    connected_at=_connected_at(context),
                    takes_batches=batch,
                ),
                admitted.owner_id,
                is_known=admitted.has_ticket,
            )
            return None
        case Unsubscribe(order_id=order_id, ticket=ticket):
            admitted = gate.admit_subscriber(order_id, ticket)
            following.unsubscribe(
                UnfollowRequest(
                    request_id=context["messageId"],
                    connection_id=context["connectionId"],
                    order_id=order_id,
                ),
                admitted.owner_id,
                is_known=admitted.has_ticket,
            )
            return None
        case Ping():
            return frames.PONG


def _post(connection_id: str, frame: str, feed: StatusFeed) -> None:
    """Answer once: whoever misses a pong or an error asks again."""
    try:
        feed.post(connection_id, frame)
    except (ConnectionGoneError, UnavailableError) as error:
        extra = {"connection_id": connection_id, "code": error.code, "reason": error.detail}
        log.warning("ws_answer_lost", extra=extra)


def _read_query(event: Mapping[str, Any]) -> FollowRequest:
    context = event["requestContext"]
    query = event.get("queryStringParameters") or {}
    if "orderId" not in query:
        raise InvalidOrderIdError("orderId is missing")
    return FollowRequest(
        request_id=context["connectionId"],
        connection_id=context["connectionId"],
        order_id=frames.read_order_id(query["orderId"]),
        after=frames.read_sequence(query.get("after", "0")),
        connected_at=_connected_at(context),
        takes_batches=frames.read_batch(query.get("batch", "0")),
    )


def _connected_at(context: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(context["connectedAt"] / 1000, UTC)
