import base64
import json

import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.token_list import find_pair
from tests.unit.functions import Answer, Functions, captured

NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
# More than all pools hold, in USDC and in USDT.
TOO_MUCH = 10**15 + 500_000


def get_order(functions: Functions, order_id: str) -> Answer:
    return functions.get("/api/orders/{order_id}", path={"order_id": order_id})


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def encoded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def test_order_is_shown_with_its_history_when_it_is_confirmed(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.connect("follower", order_id)
    functions.world.run()
    functions.world.publish()

    answer = functions.http(captured("http_get"))

    document = answer.document
    events = document.pop("events")
    stream_url, _, ticket = document.pop("streamUrl").partition("&ticket=")
    assert stream_url == f"wss://stream.example/api/orders/execute?orderId={order_id}"
    assert ticket
    outcome = {key: events[-1][key] for key in ("amountIn", "amountOut", "signature", "slot")}
    assert answer.status == 200
    assert document == outcome | {
        "orderId": order_id,
        "type": "MARKET",
        "status": "confirmed",
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amount": "1",
        "slippageBps": 100,
        "maxPriceImpactBps": 1_500,
        "attempt": 1,
        "sequence": 5,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "executedPrice": outcome["amountOut"],
        "txHash": outcome["signature"],
    }
    assert events == [frame["data"] for frame in functions.world.frames("follower")]


def test_order_says_why_when_it_failed(functions: Functions) -> None:
    order_id = functions.world.submit(amount_out=TOO_MUCH)
    functions.world.run()

    document = get_order(functions, order_id).document

    assert (document["status"], document["code"], document["amountOut"]) == (
        "failed",
        "INSUFFICIENT_LIQUIDITY",
        "1000000000.5",
    )
    assert document["message"] == document["events"][-1]["message"] != ""


def test_order_has_no_outcome_when_it_is_not_final(functions: Functions) -> None:
    order_id = functions.world.submit()

    document = get_order(functions, order_id).document

    assert document["status"] == "pending"
    assert [event["status"] for event in document["events"]] == ["pending"]
    assert not document.keys() & {"code", "amountOut", "signature", "txHash"}


@pytest.mark.parametrize(
    ("order_id", "status", "code"),
    [(NOBODY, 404, "ORDER_NOT_FOUND"), ("1", 422, "INVALID_ORDER_ID")],
    ids=["unknown", "no UUID"],
)
def test_order_is_not_shown_when_there_is_none(
    functions: Functions, order_id: str, status: int, code: str
) -> None:
    assert_problem(get_order(functions, order_id), status, code)


def some_orders(functions: Functions) -> list[OrderId]:
    """Seven orders, the oldest first; some were accepted in the same moment."""
    world = functions.world
    order_ids = []
    for pair, amount_out in [
        ("SOL USDC", None),
        ("USDC SOL", None),
        ("SOL USDT", None),
        ("BONK USDT", TOO_MUCH),
        ("SOL USDC", None),
        ("JUP SOL", None),
        ("SOL USDC", None),
    ]:
        pair_of = find_pair(*pair.split())
        order_ids.append(world.submit(pair=pair_of, amount_in=10**7, amount_out=amount_out))
        if len(order_ids) % 3 == 0:
            world.clock.sleep(1)
        if len(order_ids) == 4:
            world.run()
    return order_ids


def test_orders_are_all_shown_newest_first_when_paged_through(functions: Functions) -> None:
    order_ids = some_orders(functions)
    seen, cursor = [], None

    for _ in range(4):
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        document = functions.get("/api/orders", query=query).document
        seen.append([order["orderId"] for order in document["orders"]])
        cursor = document["nextCursor"]

    newest_first = order_ids[::-1]
    assert seen == [newest_first[n : n + 2] for n in (0, 2, 4, 6)]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (None, [6, 5, 4, 3, 2, 1, 0]),
        ({"status": "confirmed"}, [2, 1, 0]),
        ({"status": "failed"}, [3]),
        ({"status": "pending", "tokenIn": "SOL"}, [6, 4]),
        ({"type": "MARKET", "limit": "1"}, [6]),
        ({"tokenIn": "wSOL", "tokenOut": "USDC"}, [6, 4, 0]),
        ({"tokenOut": "So11111111111111111111111111111111111111112"}, [5, 1]),
        ({"status": "building"}, []),
    ],
    ids=["all", "confirmed", "failed", "two filters", "type", "tokens", "mint", "none"],
)
def test_orders_are_filtered(
    functions: Functions, query: dict[str, str] | None, found: list[int]
) -> None:
    order_ids = some_orders(functions)

    document = functions.get("/api/orders", query=query).document

    assert [order["orderId"] for order in document["orders"]] == [order_ids[n] for n in found]


def test_order_of_a_list_is_the_order_without_its_events(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.run()
    whole = get_order(functions, order_id).document
    del whole["events"], whole["streamUrl"]

    document = functions.get("/api/orders").document

    assert document == {"orders": [whole], "nextCursor": None}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"status": "done"}, 422, "UNKNOWN_STATUS"),
        ({"type": "ICEBERG"}, 422, "UNKNOWN_ORDER_TYPE"),
        ({"tokenIn": "DOGE"}, 422, "UNKNOWN_TOKEN"),
        ({"limit": "0"}, 422, "INVALID_LIMIT"),
        ({"limit": "101"}, 422, "INVALID_LIMIT"),
        ({"limit": "\u0661"}, 422, "INVALID_LIMIT"),
        ({"limit": "9" * 5_000}, 422, "INVALID_LIMIT"),
        ({"page": "2"}, 400, "INVALID_REQUEST"),
        ({"cursor": ""}, 422, "INVALID_CURSOR"),
        ({"cursor": "?"}, 422, "INVALID_CURSOR"),
        ({"cursor": "é"}, 422, "INVALID_CURSOR"),
        ({"cursor": encoded({})}, 422, "INVALID_CURSOR"),
        ({"cursor": encoded([1, 2])}, 422, "INVALID_CURSOR"),
        ({"cursor": encoded(["2026-01-01T00:00:00+00:00", "1"])}, 422, "INVALID_CURSOR"),
        ({"cursor": encoded(["0001-01-01T00:00:00+23:59", NOBODY])}, 422, "INVALID_CURSOR"),
        ({"cursor": base64.b64encode(b"[" * 9_000).decode()}, 422, "INVALID_CURSOR"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_list_is_refused_when_its_query_is_bad(
    functions: Functions, query: dict[str, str], status: int, code: str
) -> None:
    assert_problem(functions.get("/api/orders", query=query), status, code)
