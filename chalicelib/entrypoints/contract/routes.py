"""The route table: what each HTTP route takes, answers and refuses."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from chalicelib.entrypoints.contract import examples
from chalicelib.entrypoints.contract.requests import ORDER_EDIT, ORDER_REQUEST, ORDERS_FILTER
from chalicelib.entrypoints.wire.requests import (
    LaunchesRequest,
    ListOrdersRequest,
    PricesRequest,
    QuoteRequest,
    StatisticsRequest,
)

HTML, JSON = "text/html", "application/json"
ALWAYS = (400, 404, 405, 413, 429, 500, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. `scope` is what an API key needs; None asks for no key. The statuses
    of `also` come with the same answer, each with an example of its own."""

    path: str
    name: str
    summary: str
    tag: str
    answer: str
    description: str = ""
    method: str = "get"
    status: int = 200
    content_type: str = JSON
    scope: str | None = "read"
    query: type[BaseModel] | None = None
    body: str | None = None
    #: Bodies by their titles.
    body_examples: dict[str, Any] = field(default_factory=dict)
    request_headers: tuple[str, ...] = ()
    path_parameters: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    example: Any = None
    also: dict[int, Any] = field(default_factory=dict)
    other_answers: dict[int, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[int]:
        """The statuses that come with a problem document."""
        keys = (401, 403) if self.scope else ()
        return sorted({*ALWAYS, *keys, *self.refusals})


ROUTES = (
    Route(
        path="/api/orders/execute",
        method="post",
        name="submitOrder",
        summary="Place an order",
        tag="orders",
        description=(
            "Answers once the order is durable. With an `Idempotency-Key`, a repeated request gets "
            "the first answer again and never places a second order."
        ),
        status=202,
        answer="AcceptedOrder",
        scope="trade",
        body=ORDER_REQUEST,
        body_examples=examples.ORDERS,
        request_headers=("Idempotency-Key",),
        refusals=(415, 422),
        headers=("Location", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy"),
        example=examples.ACCEPTED_ORDER,
    ),
    Route(
        path="/api/orders/{order_id}",
        name="getOrder",
        summary="Show an order with its events",
        tag="orders",
        answer="Order",
        path_parameters=("order_id",),
        refusals=(422,),
        headers=("ETag",),
        example=examples.ORDER,
    ),
    Route(
        path="/api/orders/{order_id}",
        method="patch",
        name="editOrder",
        summary="Edit an order that waits",
        tag="orders",
        description=(
            "Changes prices, triggers, `expiresAt` or `slippageBps` of an open order: whatever its "
            "type has. `If-Match` names the sequence that you have seen. 409: it is not open. 412: "
            "it has changed since."
        ),
        answer="EditedOrder",
        scope="trade",
        path_parameters=("order_id",),
        body=ORDER_EDIT,
        body_examples=examples.EDITS,
        request_headers=("If-Match",),
        refusals=(409, 412, 415, 422, 428),
        headers=("ETag",),
        example=examples.EDITED_ORDER,
    ),
    Route(
        path="/api/orders/cancel",
        method="post",
        name="cancelOrders",
        summary="Cancel many orders",
        tag="orders",
        description=(
            "Cancels the newest of your orders that the filter names and that are not final, 100 "
            "at most; `more` says whether there are others. An empty object names all."
        ),
        answer="CancelledOrders",
        scope="trade",
        body=ORDERS_FILTER,
        body_examples=examples.FILTERS,
        refusals=(415, 422),
        example=examples.CANCELLED_ORDERS,
    ),
    Route(
        path="/api/orders/{order_id}/cancel",
        method="post",
        name="cancelOrder",
        summary="Cancel an order",
        tag="orders",
        description=(
            "200: it is cancelled, now or before. 202: its transaction may land yet, no other is "
            "signed, and it ends confirmed or cancelled. 409: it is confirmed or has failed."
        ),
        answer="CancelledOrder",
        scope="trade",
        path_parameters=("order_id",),
        refusals=(409, 422),
        also={202: examples.CANCEL_REQUESTED_ORDER},
        example=examples.CANCELLED_ORDER,
    ),
    Route(
        path="/api/orders",
        name="listOrders",
        summary="List orders, newest first",
        tag="orders",
        answer="OrderPage",
        query=ListOrdersRequest,
        refusals=(422,),
        example=examples.ORDER_PAGE,
    ),
    Route(
        path="/api/quotes",
        name="getQuotes",
        summary="Quote every pool, and the route an order would take",
        tag="market",
        description="Exactly one of `amount` and `amountOut` is required.",
        answer="Quotes",
        query=QuoteRequest,
        refusals=(422,),
        example=examples.QUOTES,
    ),
    Route(
        path="/api/prices",
        name="getPrices",
        summary="Show the recent prices of a pair: by the best route, and at each venue",
        tag="market",
        description=(
            "The price of one input token in output tokens, after fees, for an order of about a "
            "dollar: by the best route, and at the best pool of each venue that trades the pair "
            "directly. Oldest first; with `afterSlot`, only points after that slot."
        ),
        answer="Prices",
        query=PricesRequest,
        refusals=(422,),
        example=examples.PRICES,
    ),
    Route(
        path="/api/statistics",
        name="getStatistics",
        summary="Count the orders of the last minutes",
        tag="orders",
        description="Your own orders, by clock minute, including the current one.",
        answer="Statistics",
        query=StatisticsRequest,
        refusals=(422,),
        example=examples.STATISTICS,
    ),
    Route(
        path="/api/tokens",
        name="listTokens",
        summary="List the tokens that can be traded",
        tag="market",
        answer="Tokens",
        example=examples.TOKENS_LISTED,
    ),
    Route(
        path="/api/pools",
        name="listPools",
        summary="List the pools",
        tag="market",
        answer="Pools",
        example=examples.POOLS,
    ),
    Route(
        path="/api/launches",
        name="listLaunches",
        summary="List the pools of new tokens, oldest first",
        tag="market",
        description=(
            "Always in the sequence of their creation: the last `limit` of them, or with `after` "
            "the first `limit` since an earlier answer, whose `nextCursor` that is. Who goes on "
            "that way sees each pool once. What is told of a pool is how it is now; one that is "
            "gone holds nothing."
        ),
        answer="Launches",
        query=LaunchesRequest,
        refusals=(422,),
        example=examples.LAUNCHES,
    ),
    Route(
        path="/api/health",
        name="getHealth",
        summary="Check that this function runs",
        tag="service",
        answer="Health",
        scope=None,
        example=examples.HEALTH,
    ),
    Route(
        path="/api/ready",
        name="getReadiness",
        summary="Check everything this service depends on",
        tag="service",
        answer="Readiness",
        other_answers={503: "Readiness"},
        example=examples.READINESS,
    ),
    Route(
        path="/api/halt",
        method="post",
        name="halt",
        summary="Take and sign no orders",
        tag="service",
        description=(
            "For operators. Until `/api/resume`, placing an order is answered with 503 `HALTED`, "
            "and nothing new is signed. What is signed is carried on; reading and cancelling work."
        ),
        answer="HaltState",
        scope="admin",
        example=examples.HALTED,
    ),
    Route(
        path="/api/resume",
        method="post",
        name="resume",
        summary="Take and sign orders again",
        tag="service",
        answer="HaltState",
        scope="admin",
        example=examples.RESUMED,
    ),
    Route(
        path="/api/openapi.json",
        name="getOpenApi",
        summary="This document",
        tag="contract",
        answer="Document",
        scope=None,
    ),
    Route(
        path="/api/asyncapi.json",
        name="getAsyncApi",
        summary="The contract of the stream, as AsyncAPI",
        tag="contract",
        answer="Document",
        scope=None,
    ),
    Route(
        path="/docs",
        name="readDocs",
        summary="Both contracts as a web page",
        tag="contract",
        answer="Page",
        content_type=HTML,
        scope=None,
    ),
)
