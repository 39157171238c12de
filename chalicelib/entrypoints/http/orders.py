"""Orders over HTTP: read the request, call one use case, write its answer."""

import logging
import math
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalice.app import Request, Response

from chalicelib.domain.orders.order import Order, OrderStatus, parse_order_id
from chalicelib.engine.admission.cancel import Canceller
from chalicelib.engine.admission.identity import Caller
from chalicelib.engine.admission.submit import Submitter
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.limits import RateLimit
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.entrypoints.gate import Gate
from chalicelib.entrypoints.http.answers import base_url, json_answer, json_body, query
from chalicelib.entrypoints.http.idempotency import read_key
from chalicelib.entrypoints.http.if_match import entity_tag, read_sequence
from chalicelib.entrypoints.signing import Signer
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import exact_json, requests
from chalicelib.entrypoints.wire.edits import read_edit
from chalicelib.entrypoints.wire.events import event_document
from chalicelib.entrypoints.wire.order_requests import read_order

if TYPE_CHECKING:
    # Most requests need neither: they load the router, or are rare.
    from chalicelib.engine.admission.edit import Editor
    from chalicelib.engine.prospects import Prospects

log = logging.getLogger(__name__)


def submit_order(
    request: Request,
    caller: Caller,
    submitter: Submitter,
    gate: Gate,
    listing: Listing,
    *,
    public_base_url: str,
) -> Response:
    """POST /api/orders/execute: 202 once the order is durable."""
    fields = exact_json.parse(json_body(request))
    wanted = read_order(fields, listing.token)
    admission = submitter.submit(
        terms=wanted.terms,
        trade=wanted.trade,
        slippage_bps=wanted.slippage_bps,
        max_price_impact_bps=wanted.max_price_impact_bps,
        expires_at=wanted.expires_at,
        trigger_if_met=wanted.trigger_if_met,
        owner_id=caller.owner_id,
        key=read_key(request.headers, wanted),
    )
    order = admission.order
    stream_url = gate.stream_of(order.order_id, order.owner_id)
    answer = json_answer(
        wire.accepted_document(order) | {"streamUrl": stream_url},
        status=202,
        Location=f"{base_url(request, public_base_url)}/api/orders/{order.order_id}",
    )
    if admission.is_replay:
        answer.headers["Idempotent-Replayed"] = "true"
    if submitter.limit is not None and admission.used is not None:
        answer.headers.update(rate_headers(submitter.limit, admission.used, order.created_at))
    return answer


def get_order(
    order_id: str,
    caller: Caller,
    store: OrderStore,
    gate: Gate,
    prospects: Callable[[], "Prospects"],
) -> Response:
    """GET /api/orders/{orderId}: the order with its events, and where to follow it; of an open one
    also what it waits for, as far as that is known. Only for those `prospects` are made."""
    record = store.get(parse_order_id(order_id), caller.owner_id)
    order = record.order
    events = [event_document(event) for event in record.events]
    stream_url = gate.stream_of(order.order_id, caller.owner_id)
    waiting = _waiting(order, prospects()) if order.status is OrderStatus.OPEN else {}
    return json_answer(
        wire.order_document(record) | waiting | {"streamUrl": stream_url, "events": events},
        ETag=entity_tag(order.sequence),
    )


def _waiting(order: Order, prospects: "Prospects") -> dict[str, Any]:
    try:
        prospect = prospects.of(order)
    except UnavailableError as error:
        # Prices are not the order: it is shown without.
        log.warning("prospect_unknown", extra={"order_id": order.order_id, "reason": error.detail})
        return {}
    return {"waiting": wire.prospect_document(order, prospect)} if prospect else {}


def edit_order(order_id: str, request: Request, caller: Caller, editor: "Editor") -> Response:
    """PATCH /api/orders/{orderId}: the order as it is from now on."""
    fields = exact_json.parse(json_body(request))
    order = editor.edit(
        parse_order_id(order_id),
        caller.owner_id,
        sequence=read_sequence(request.headers),
        edit_of=lambda seen: read_edit(seen, fields),
    )
    return json_answer(wire.accepted_document(order), ETag=entity_tag(order.sequence))


def cancel_orders(
    request: Request, caller: Caller, canceller: Canceller, listing: Listing
) -> Response:
    """POST /api/orders/cancel: what became of the orders that the filter names."""
    fields = exact_json.parse(json_body(request))
    wanted = requests.read(requests.CancelOrdersRequest, fields)
    filters = wanted.to_filter(caller.owner_id, listing.token)
    return json_answer(wire.cancelled_document(canceller.cancel_many(filters)))


def cancel_order(order_id: str, caller: Caller, canceller: Canceller) -> Response:
    """POST /api/orders/{orderId}/cancel: 200 when the order is cancelled, 202 when it may be
    confirmed yet. A body is not read."""
    order = canceller.cancel(parse_order_id(order_id), caller.owner_id)
    in_flight = canceller.end_slices(order)
    return json_answer(
        wire.accepted_document(order) | ({} if order.progress is None else {"inFlight": in_flight}),
        status=200 if order.status.is_final else 202,
    )


def list_orders(
    request: Request, caller: Caller, store: OrderStore, signer: Signer, listing: Listing
) -> Response:
    """GET /api/orders: a page, newest first."""
    wanted = requests.read(requests.ListOrdersRequest, query(request))
    after = None
    if wanted.cursor is not None:
        after = wire.read_cursor(wanted.cursor, caller.owner_id, signer)
    filters = wanted.to_filter(caller.owner_id, listing.token)
    records = store.page(filters, limit=wanted.limit + 1, after=after)
    return json_answer(wire.page_document(records, wanted.limit, signer))


def rate_headers(limit: RateLimit, used: int, now: datetime) -> dict[str, str]:
    """Return the RateLimit headers of the IETF's draft: the policy, and what is left of it."""
    window_seconds = int(limit.window.total_seconds())
    left_seconds = math.ceil(limit.window_left(now).total_seconds())
    return {
        "RateLimit-Policy": f'"orders";q={limit.orders_max};w={window_seconds}',
        "RateLimit": f'"orders";r={limit.orders_max - used};t={left_seconds}',
    }
