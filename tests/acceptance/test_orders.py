import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus

from infra.deploy.package import package
from infra.deploy.stack import deploy
from tests.outside import FRAME_SECONDS, STATUSES

USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
UNKNOWN_ORDER = "4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11"


def sequences_and_statuses(frames):
    return [(frame["data"]["sequence"], frame["data"]["status"]) for frame in frames]


def test_market_order_is_executed_and_streamed_when_posted_as_in_the_readme(outside):
    body = b'{ "type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.0 }'

    answer = outside.call("POST", "/api/orders/execute", body, content_type="application/json")
    url = f"{outside.base_url}/api/orders/execute?orderId={answer.document['orderId']}"
    frames = outside.follow({"streamUrl": url.replace("http", "ws")})

    assert answer.status == 202
    assert answer.headers["Location"].endswith(f"/api/orders/{answer.document['orderId']}")
    assert {frame["type"] for frame in frames} == {"update"}
    assert sequences_and_statuses(frames) == list(enumerate(STATUSES, 1))


def test_frames_carry_quotes_route_and_outcome_when_confirmed(outside):
    frames = outside.follow(outside.submit(tokenIn="USDC", tokenOut="JUP", amount="120.5"))

    building, confirmed = frames[2]["data"], frames[4]["data"]
    route = building["route"]
    alone = max(float(quote["amountOut"]) for quote in building["quotes"])
    assert {quote["venue"] for quote in building["quotes"]} == {"raydium", "meteora"}
    assert float(route["amountOut"]) >= alone == float(route["baseline"]["amountOut"])
    assert route["legs"][0]["inputMint"] == USDC_MINT
    assert sum(
        float(leg["amountIn"]) for leg in route["legs"] if leg["inputMint"] == USDC_MINT
    ) == (pytest.approx(120.5))
    assert float(confirmed["amountOut"]) >= float(building["minAmountOut"])
    assert confirmed["txHash"] == confirmed["signature"] == building["signature"]
    assert confirmed["amountIn"] == "120.5"


@pytest.mark.parametrize("after", [0, 2, 4])
def test_follower_gets_the_rest_once_in_order_when_it_comes_after_the_end(outside, after):
    order = outside.submit()
    outside.follow(order)

    frames = outside.follow(order, after=after)

    assert sequences_and_statuses(frames) == list(enumerate(STATUSES, 1))[after:]


def test_follower_gets_all_events_in_one_frame_when_it_asks_for_batches(outside):
    order = outside.submit()
    frames = outside.follow(order)

    with outside.connect(order["streamUrl"] + "&batch=1") as socket:
        frame = json.loads(socket.recv(timeout=FRAME_SECONDS))

    assert frame == {"type": "updates", "data": {"events": [each["data"] for each in frames]}}


def test_every_follower_sees_every_event_when_it_comes_at_any_moment(outside):
    order = outside.submit()

    with ThreadPoolExecutor(8) as pool:
        streams = list(pool.map(lambda _: outside.follow(order), range(16)))

    assert [sequences_and_statuses(s) for s in streams] == [list(enumerate(STATUSES, 1))] * 16


def test_history_shows_what_the_stream_showed_when_the_order_is_done(outside):
    order = outside.submit()
    frames = outside.follow(order)

    shown = outside.call("GET", f"/api/orders/{order['orderId']}").document

    assert shown["events"] == [frame["data"] for frame in frames]
    assert shown["status"] == "confirmed"
    assert shown["amountOut"] == frames[-1]["data"]["amountOut"]


def test_list_pages_newest_first_when_there_are_more_orders_than_fit(outside):
    ids = [outside.submit(tokenIn="JUP", tokenOut="USDC")["orderId"] for _ in range(3)]

    first = outside.call("GET", "/api/orders?tokenIn=JUP&tokenOut=USDC&limit=2").document
    cursor = first["nextCursor"]
    second = outside.call("GET", f"/api/orders?tokenIn=JUP&tokenOut=USDC&cursor={cursor}").document

    seen = [order["orderId"] for order in first["orders"] + second["orders"]]
    assert seen[:3] == ids[::-1]


@pytest.mark.parametrize("query", ["", "?orderId=nonsense", f"?orderId={UNKNOWN_ORDER}"])
def test_handshake_is_refused_when_there_is_no_such_order(outside, query):
    url = outside.base_url.replace("http", "ws") + "/api/orders/execute" + query

    with pytest.raises(InvalidStatus) as refusal, outside.connect(url):
        pass

    assert 400 <= refusal.value.response.status_code < 500


def test_ping_is_answered_when_the_connection_is_idle(outside):
    order = outside.submit()

    with outside.connect(order["streamUrl"]) as socket:
        socket.send('{"action":"ping"}')
        frames = [json.loads(socket.recv(timeout=30))]
        while frames[-1] != {"type": "pong"}:
            frames.append(json.loads(socket.recv(timeout=30)))

    assert frames[-1] == {"type": "pong"}


def test_order_is_accepted_and_fails_when_its_amount_buys_nothing(outside):
    order = outside.submit(tokenIn="SOL", tokenOut="USDC", amount="0.000000001")

    frames = outside.follow(order)

    assert frames[-1]["data"]["status"] == "failed"
    assert frames[-1]["data"]["code"] == "ZERO_OUTPUT"


def test_order_is_accepted_and_fails_when_its_price_impact_is_above_its_limit(outside):
    order = outside.submit(tokenIn="SOL", tokenOut="USDC", amount="20000", maxPriceImpactBps=1)

    frames = outside.follow(order)

    last = frames[-1]["data"]
    assert [frame["data"]["status"] for frame in frames] == ["pending", "routing", "failed"]
    assert last["code"] == "PRICE_IMPACT_TOO_HIGH"
    assert "limit is 1 bps" in last["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"type":"MARKET"', "MALFORMED_JSON"),
        (b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":NaN}', "MALFORMED_JSON"),
        (b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1e400}', "AMOUNT_RANGE"),
        (b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"SOL","amount":1}', "SAME_TOKEN"),
        (b"[" * 16_000, "BODY_TOO_DEEP"),
        (b'"' + b"x" * 20_000 + b'"', "BODY_TOO_LARGE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_refused_and_nothing_stored_when_posted(outside, body, code):
    before = outside.sql("SELECT count(*) FROM orders")

    answer = outside.call("POST", "/api/orders/execute", body, content_type="application/json")

    assert 400 <= answer.status < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.document["code"] == code
    assert outside.sql("SELECT count(*) FROM orders") == before


def test_orders_fail_with_a_code_and_no_swap_when_every_transaction_fails(outside, stack):
    with failing_transactions(stack):
        frames = outside.follow(outside.submit())

    order_id = frames[0]["data"]["orderId"]
    swaps = outside.sql(f"SELECT amount_out FROM chain.transactions WHERE memo LIKE '{order_id}:%'")
    assert frames[-1]["data"]["status"] == "failed"
    assert frames[-1]["data"]["code"] == "TRANSACTION_FAILED"
    assert [f["data"]["sequence"] for f in frames] == list(range(1, len(frames) + 1))
    assert swaps == [(None,)] * 3


@contextmanager
def failing_transactions(stack):
    """Redeploy with a chain on which everything fails, and put it right again."""
    target = stack.description.target()
    artifact = package("local", stack.folder / "build", compressed=False)

    def deploy_with(failure_rate_bps):
        parameters = {**target.parameters, "FailureRateBps": str(failure_rate_bps)}
        deploy(replace(target, parameters=parameters), artifact)

    deploy_with(10_000)
    try:
        yield
    finally:
        deploy_with(0)
