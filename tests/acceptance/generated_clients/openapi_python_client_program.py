"""What a user writes on top of what openapi-python-client made; it prints what it saw as JSON."""

import json
import sys
import time
from uuid import uuid4

from orders_api import AuthenticatedClient as Client
from orders_api.api.market import get_quotes
from orders_api.api.orders import get_order, list_orders, submit_order
from orders_api.models import (
    AcceptedOrder,
    ExactInOrder,
    ExactOutOrder,
    Order,
    OrderPage,
    OrderStatus,
    Problem,
    Quotes,
)

DEADLINE_SECONDS = 60


def placed(client: Client, body: ExactInOrder | ExactOutOrder, key: str) -> AcceptedOrder:
    order = submit_order.sync(client=client, body=body, idempotency_key=key)
    assert isinstance(order, AcceptedOrder), order
    return order


def finished(client: Client, order: AcceptedOrder) -> Order:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        shown = get_order.sync(order.order_id, client=client)
        assert isinstance(shown, Order), shown
        if shown.status in (OrderStatus.CONFIRMED, OrderStatus.FAILED):
            return shown
        time.sleep(0.2)
    raise TimeoutError(order.order_id)


def main(base_url: str) -> None:
    # A stack without keys takes any.
    client = Client(base_url, token="any", raise_on_unexpected_status=True)
    selling = ExactInOrder(token_in="SOL", token_out="USDC", amount="0.5", type_="MARKET")
    buying = ExactOutOrder("SOL", "USDC", amount_out="25.5", type_="MARKET", slippage_bps=200)

    key = str(uuid4())
    sold, again = placed(client, selling, key), placed(client, selling, key)
    bought = placed(client, buying, str(uuid4()))
    shown, received = finished(client, sold), finished(client, bought)
    page = list_orders.sync(client=client, limit=1, token_in="SOL", status=OrderStatus.CONFIRMED)
    quotes = get_quotes.sync(client=client, token_in="SOL", token_out="USDC", amount="1")
    refusal = submit_order.sync(
        client=client, body=ExactInOrder("SOL", "wSOL", type_="MARKET", amount="1")
    )

    assert isinstance(page, OrderPage), page
    assert isinstance(quotes, Quotes), quotes
    assert isinstance(refusal, Problem), refusal
    seen = {
        "placed": sold.status,
        "repeated": again.order_id == sold.order_id,
        "statuses": [event.status for event in shown.events],
        "bought": received.amount_out,
        "listed": len(page.orders),
        "hasNext": page.next_cursor is not None,
        "venues": sorted({quote.venue for quote in quotes.quotes}),
        "refusal": [refusal.status, refusal.code],
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
