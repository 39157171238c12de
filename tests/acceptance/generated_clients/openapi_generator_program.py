"""What a user writes on top of what openapi-generator made; it prints what it saw as JSON."""

import json
import sys
import time
from uuid import uuid4

from orders_api import (
    AcceptedOrder,
    Amount,
    ApiClient,
    Configuration,
    ExactInOrder,
    ExactOutOrder,
    MarketApi,
    Order,
    OrderRequest,
    OrdersApi,
    OrderStatus,
    Problem,
    SlippageBps,
)
from orders_api.exceptions import UnprocessableEntityException

DEADLINE_SECONDS = 60


def finished(orders: OrdersApi, order: AcceptedOrder) -> Order:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        shown = orders.get_order(order.order_id)
        if shown.status in (OrderStatus.CONFIRMED, OrderStatus.FAILED):
            return shown
        time.sleep(0.2)
    raise TimeoutError(order.order_id)


def refused(orders: OrdersApi, body: ExactInOrder) -> Problem:
    try:
        orders.submit_order(OrderRequest(body))
    except UnprocessableEntityException as refusal:
        problem: Problem = refusal.data
        return problem
    raise AssertionError("the order was accepted")


def main(base_url: str) -> None:
    client = ApiClient(Configuration(host=base_url))
    orders, market = OrdersApi(client), MarketApi(client)
    pair = {"type": "MARKET", "token_in": "SOL", "token_out": "USDC"}
    selling = ExactInOrder(**pair, amount=Amount("0.5"))
    buying = ExactOutOrder(**pair, amount_out=Amount("25.5"), slippage_bps=SlippageBps(200))

    key = str(uuid4())
    sold = orders.submit_order(OrderRequest(selling), idempotency_key=key)
    again = orders.submit_order(OrderRequest(selling), idempotency_key=key)
    bought = orders.submit_order(OrderRequest(buying), idempotency_key=str(uuid4()))
    shown, received = finished(orders, sold), finished(orders, bought)
    page = orders.list_orders(limit=1, token_in="SOL", status=OrderStatus.CONFIRMED)
    quotes = market.get_quotes("SOL", "USDC", amount="1")
    refusal = refused(orders, selling.model_copy(update={"token_out": "wSOL"}))

    seen = {
        "placed": sold.status,
        "repeated": again.order_id == sold.order_id,
        "statuses": [event.actual_instance.status for event in shown.events],
        "bought": received.amount_out,
        "listed": len(page.orders),
        "hasNext": page.next_cursor is not None,
        "venues": sorted({quote.venue for quote in quotes.quotes}),
        "refusal": [refusal.status, refusal.code],
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
