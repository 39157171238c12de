"""HTTP to engine: read the request, call one use case, write its answer."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from chalice.app import Request, Response

from chalicelib.domain.errors import (
    OrderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from chalicelib.domain.orders.order import parse_order_id
from chalicelib.domain.tokens import TOKENS, Pair
from chalicelib.engine.admission.identity import Caller
from chalicelib.engine.admission.submit import Submitter
from chalicelib.engine.limits import RateLimit
from chalicelib.engine.ports.orders import Clock, OrderStore, PriceHistory, Venue
from chalicelib.engine.statistics import window_start
from chalicelib.entrypoints import logs, problems
from chalicelib.entrypoints.gate import Gate
from chalicelib.entrypoints.http.idempotency import read_key
from chalicelib.entrypoints.signing import Signer
from chalicelib.entrypoints.wire import documents as wire
from chalicelib.entrypoints.wire import exact_json, requests

if TYPE_CHECKING:
    # Accepting an order must not load the router.
    from chalicelib.engine.router import Router

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "1"


def endpoint(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Turn whatever a handler raises into a problem document."""

    @wraps(handler)
    def answered(*args: Any, **kwargs: Any) -> Response:
        try:
            return handler(*args, **kwargs)
        except OrderError as error:
            return _problem_of(error)
        except Exception:
            log.exception("request_failed")
            return _problem(500, "INTERNAL", "an unexpected error; the log has it by its requestId")

    return answered


def observe(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Log each request in one line, name it to the client, and put Chalice's own refusals (405,
    say) into the common form."""
    response = get_response(request)
    body = response.body
    if response.status_code >= 400 and isinstance(body, Mapping) and "Code" in body:
        code = "METHOD_NOT_ALLOWED" if response.status_code == 405 else "INTERNAL"
        refusal = _problem(response.status_code, code, str(body.get("Message", "")))
        refusal.headers.update(
            {k: v for k, v in response.headers.items() if k.lower() != "content-type"}
        )
        response = refusal
    request_id = logs.request_id()
    if response.headers.get("Content-Type") == problems.CONTENT_TYPE:
        response.body = problems.with_request_id(response.body, request_id)
    response.headers["X-Request-Id"] = request_id
    log.info(
        "http",
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": logs.elapsed_ms(),
        },
    )
    return response


def submit_order(
    request: Request, caller: Caller, submitter: Submitter, gate: Gate, *, public_base_url: str
) -> Response:
    """POST /api/orders/execute: 202 once the order is durable."""
    fields = exact_json.parse(_json_body(request))
    wanted = requests.read(requests.SubmitOrderRequest, fields)
    trade = wanted.to_trade()
    admission = submitter.submit(
        order_type=wanted.type,
        trade=trade,
        slippage_bps=wanted.slippage_bps,
        owner_id=caller.owner_id,
        key=read_key(request.headers, wanted.type, trade, wanted.slippage_bps),
    )
    order = admission.order
    stream_url = gate.stream_of(order.order_id, order.owner_id)
    answer = _answer(
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
    events = [wire.event_document(event) for event in record.events]
    stream_url = gate.stream_of(record.order.order_id, caller.owner_id)
    return _answer(wire.order_document(record) | {"streamUrl": stream_url, "events": events})


def list_orders(request: Request, caller: Caller, store: OrderStore, signer: Signer) -> Response:
    """GET /api/orders: a page, newest first."""
    wanted = requests.read(requests.ListOrdersRequest, _query(request))
    after = None
    if wanted.cursor is not None:
        after = wire.read_cursor(wanted.cursor, caller.owner_id, signer)
    records = store.page(wanted.to_filter(caller.owner_id), limit=wanted.limit + 1, after=after)
    return _answer(wire.page_document(records, wanted.limit, signer))


def rate_headers(limit: RateLimit, used: int, now: datetime) -> dict[str, str]:
    """Return the RateLimit headers of the IETF's draft: the policy, and what is left of it."""
    window_seconds = int(limit.window.total_seconds())
    left_seconds = math.ceil(limit.window_left(now).total_seconds())
    return {
        "RateLimit-Policy": f'"orders";q={limit.orders_most};w={window_seconds}',
        "RateLimit": f'"orders";r={limit.orders_most - used};t={left_seconds}',
    }


def get_quotes(request: Request, router: "Router") -> Response:
    """GET /api/quotes: every pool's quote and the route an order would take."""
    wanted = requests.read(requests.QuoteRequest, _query(request))
    trade = wanted.to_trade()
    route = router.find_route(trade)
    limit = trade.limit(route.amount_quoted, wanted.slippage_bps)
    return _answer(wire.quotes_document(trade, route, limit))


def list_pools(venues: Sequence[Venue]) -> Response:
    """GET /api/pools: where it can be traded, and at what price now."""
    states = [venue.pools() for venue in venues]
    pools = [wire.pool_document(pool) for state in states for pool in state.pools]
    return _answer({"pools": pools, "slot": max(state.at.slot for state in states)})


def get_prices(request: Request, history: PriceHistory) -> Response:
    """GET /api/prices: the best price at each venue over the last minutes."""
    wanted = requests.read(requests.PricesRequest, _query(request))
    pair = Pair.of(wanted.token_in, wanted.token_out)
    points = history.prices(pair, span=wanted.span, after_slot=wanted.after_slot)
    return _answer(wire.prices_document(pair, points))


def get_statistics(request: Request, caller: Caller, store: OrderStore, clock: Clock) -> Response:
    """GET /api/statistics: how the caller's orders of the last minutes fared."""
    minutes = requests.read(requests.StatisticsRequest, _query(request)).minutes
    since = window_start(clock.now(), minutes)
    statistics = store.statistics(caller.owner_id, since=since)
    return _answer(wire.statistics_document(statistics, statistics.every_minute(since, minutes)))


def list_tokens() -> Response:
    """GET /api/tokens: what can be traded."""
    tokens = [{"symbol": t.symbol, "mint": t.mint, "decimals": t.decimals} for t in TOKENS]
    return _answer({"tokens": tokens})


def health() -> Response:
    """GET /api/health: this function runs."""
    return _answer({"status": "ok"})


def ready(checks: Mapping[str, Callable[[], None]]) -> Response:
    """GET /api/ready: each thing this service depends on, asked just now."""
    states = {name: _state(check) for name, check in checks.items()}
    is_ready = all(state == "ok" for state in states.values())
    document = {"status": "ready" if is_ready else "unavailable", "dependencies": states}
    return _answer(document, status=200 if is_ready else 503)


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except UnavailableError as error:
        log.warning("not_ready", extra={"reason": error.detail})
        return "unavailable"
    return "ok"


def _json_body(request: Request) -> bytes:
    content_type = str(request.headers.get("content-type", ""))
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise problems.UnsupportedMediaTypeError
    body = request.raw_body
    return body if isinstance(body, bytes) else body.encode()


def _query(request: Request) -> dict[str, str]:
    return dict(request.query_params or {})


def _answer(document: Mapping[str, Any], *, status: int = 200, **headers: str) -> Response:
    return Response(
        body=json.dumps(document),
        status_code=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **headers},
    )


def _problem_of(error: OrderError) -> Response:
    status = problems.http_status(error)
    if status >= 500:
        log.error("request_failed", extra={"code": error.code, "reason": error.detail})
    detail = "try again in a moment" if status == 503 else error.detail
    answer = _problem(status, error.code, detail)
    if isinstance(error, RateLimitedError):
        seconds = math.ceil(error.retry_after.total_seconds())
        answer.headers |= {"Retry-After": str(seconds), "RateLimit": f'"orders";r=0;t={seconds}'}
    if isinstance(error, UnauthorizedError):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _problem(status: int, code: str, detail: str) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": problems.CONTENT_TYPE,
        "Cache-Control": "no-store",
    }
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(
        body=problems.problem(status=status, code=code, detail=detail),
        status_code=status,
        headers=headers,
    )
