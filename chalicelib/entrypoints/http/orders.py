"""Orders over HTTP: read the request, call one use case, write its answer."""

import math
from datetime import datetime

from chalice.app import Request, Response

from chalicelib.domain.orders.order import parse_order_id
from chalicelib.engine.admission.cancel import Canceller
from chalicelib.engine.admission.identity import Caller
from chalicelib.engine.admission.submit import Submitter
from chalicelib.engine.limits import RateLimit
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.entrypoints.gate import Gate
from chalicelib.entrypoints.http.answers import json_answer, json_body, query
from chalicelib.entrypoints.http.idempotency import read_key
from chalicelib.entrypoints.signing import Signer
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import exact_json, requests
from chalicelib.entrypoints.wire.events import event_document


def submit_order(
    request: Request, caller: Caller, submitter: Submitter, gate: Gate, *, public_base_url: str
) -> Response:
    """POST /api/orders/execute: 202 once the order is durable."""
    fields = exact_json.parse(json_body(request))
    wanted = requests.read(requests.SubmitOrderRequest, fields)
    trade = wanted.to_trade()
    admission = submitter.submit(
        order_type=wanted.type,
        trade=trade,
        slippage_bps=wanted.slippage_bps,
        max_price_impact_bps=wanted.max_price_impact_bps,
        owner_id=caller.owner_id,
        key=read_key(request.headers, wanted, trade),
    )
    order = admission.order
    stream_url = gate.stream_of(order.order_id, order.owner_id)
    answer = json_answer(
        wire.accepted_document(order) | {"streamUrl": stream_url},
        status=202,
        Location=f"{public_base_url}/api/orders/{order.order_id}",
    )
    if admission.is_replay:
        answer.headers["Idempotent-Replayed"] = "true"
    if submitter.limit is not None and admission.used is not None:
        answer.headers.update(rate_headers(submitter.limit, admission.used, order.created_at))
    return answer


def get_order(order_id: str, caller: Caller, store: OrderStore, gate: Gate) -> Response:
    """GET /api/orders/{orderId}: the order with its events, and where to follow it."""
    record = store.get(parse_order_id(order_id), caller.owner_id)
    events = [event_document(event) for event in record.events]
    stream_url = gate.stream_of(record.order.order_id, caller.owner_id)
    return json_answer(wire.order_document(record) | {"streamUrl": stream_url, "events": events})


def cancel_order(order_id: str, caller: Caller, canceller: Canceller) -> Response:
    """POST /api/orders/{orderId}/cancel: 200 when the order is cancelled, 202 when it may be
    confirmed yet. A body is not read."""
    order = canceller.cancel(parse_order_id(order_id), caller.owner_id)
    return json_answer(wire.accepted_document(order), status=200 if order.status.is_final else 202)


def list_orders(request: Request, caller: Caller, store: OrderStore, signer: Signer) -> Response:
    """GET /api/orders: a page, newest first."""
    wanted = requests.read(requests.ListOrdersRequest, query(request))
    after = None
    if wanted.cursor is not None:
        after = wire.read_cursor(wanted.cursor, caller.owner_id, signer)
    records = store.page(wanted.to_filter(caller.owner_id), limit=wanted.limit + 1, after=after)
    return json_answer(wire.page_document(records, wanted.limit, signer))


def rate_headers(limit: RateLimit, used: int, now: datetime) -> dict[str, str]:
    """Return the RateLimit headers of the IETF's draft: the policy, and what is left of it."""
    window_seconds = int(limit.window.total_seconds())
    left_seconds = math.ceil(limit.window_left(now).total_seconds())
    return {
        "RateLimit-Policy": f'"orders";q={limit.orders_max};w={window_seconds}',
        "RateLimit": f'"orders";r={limit.orders_max - used};t={left_seconds}',
    }
