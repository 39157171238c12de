"""GET /api/launches, and everything that can be asked about a launched token by its mint."""

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import UnavailableError
from chalicelib.simulation.launches import LIFE_SLOTS, PERIOD_SLOTS, Launch, Trap, launches_since
from chalicelib.simulation.market import time_of_slot
from tests.launches import FIRST_SLOT, SEED, find_launch, go_to, honest, trap
from tests.unit.entrypoints.contract import check_answer
from tests.unit.entrypoints.test_http_edit import edit
from tests.unit.entrypoints.test_http_waiting import place, shown
from tests.unit.functions import Functions

LAUNCHES, ORDERS, QUOTES, PRICES = "/api/launches", "/api/orders", "/api/quotes", "/api/prices"
LAUNCH = honest()
MINT = LAUNCH.token.mint
SELL = {"tokenIn": MINT, "tokenOut": "SOL", "amount": "1000"}
BUY = {"tokenIn": "USDC", "tokenOut": MINT, "amount": "10"}


@pytest.fixture
def launched(functions: Functions) -> Functions:
    """The functions twenty slots after the launch."""
    go_to(functions.world, LAUNCH.created_slot + 20)
    return functions


def listed(functions: Functions, **query: str) -> Any:
    answer = functions.get(LAUNCHES, query=query or None)
    check_answer("GET", LAUNCHES, answer)
    assert answer.status == 200
    return answer.document


def mints(document: Any) -> list[str]:
    return [launch["mint"] for launch in document["launches"]]


def drawn(count: int, *, first_slot: int = FIRST_SLOT) -> list[Launch]:
    return [
        launch for _, launch in zip(range(count), launches_since(SEED, first_slot), strict=False)
    ]


def test_last_launches_are_listed_oldest_first(functions: Functions) -> None:
    launches = drawn(30)
    go_to(functions.world, launches[-1].created_slot)

    assert mints(listed(functions)) == [launch.token.mint for launch in launches[-20:]]
    assert mints(listed(functions, limit="3")) == [launch.token.mint for launch in launches[-3:]]
    assert len(listed(functions, limit="100")["launches"]) == 100


def test_each_launch_is_listed_once_to_who_goes_on_from_the_cursor(functions: Functions) -> None:
    launches = drawn(12)
    go_to(functions.world, launches[0].created_slot)
    page = listed(functions, limit="1")
    seen = mints(page)

    for at in (launches[0], launches[1], launches[9], launches[-1]):
        go_to(functions.world, at.created_slot)
        for _ in range(4):
            page = listed(functions, after=page["nextCursor"], limit="3")
            seen += mints(page)

    assert seen == [launch.token.mint for launch in launches]
    assert listed(functions, after=page["nextCursor"]) == {
        "launches": [],
        "nextCursor": page["nextCursor"],
    }


def test_launch_tells_what_can_be_known_of_it(functions: Functions) -> None:
    launch = find_launch(lambda x: x.opens_slot > x.created_slot and not x.traps)
    go_to(functions.world, launch.created_slot)

    [document] = listed(functions, limit="1")["launches"]

    half = launch.pool.depth_usd / (2 * (150 if launch.quote.symbol == "SOL" else 1))
    is_funded = launch.funded_slot == launch.created_slot
    assert float(document.pop("liquidity")) == pytest.approx(half if is_funded else 0, rel=0.4)
    assert document.pop("feeBps") > 0
    assert document == {
        "venue": launch.pool.venue,
        "kind": document["kind"],
        "pool": launch.pool.address,
        "mint": launch.token.mint,
        "symbol": launch.token.symbol,
        "decimals": launch.token.decimals,
        "quoteToken": launch.quote.symbol,
        "quoteMint": launch.quote.mint,
        "creator": launch.creator,
        "slot": launch.created_slot,
        "createdAt": text_of(launch.created_slot),
        "opensSlot": launch.opens_slot,
        "opensAt": text_of(launch.opens_slot),
        "transferFeeBps": 0,
        "mintRenounced": True,
        "freezable": False,
        "liquidityLocked": launch.locked_slot == launch.created_slot,
        "sellable": True,
    }


def text_of(slot: int) -> str:
    return time_of_slot(slot).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (Trap.MINTABLE, "mintRenounced", False),
        (Trap.FREEZABLE, "freezable", True),
        (Trap.TRANSFER_FEE, "transferFeeBps", 3_000),
        (Trap.DRAINED, "liquidityLocked", False),
        (Trap.NOT_SELLABLE, "sellable", False),
    ],
)
def test_trap_is_told(functions: Functions, name: Trap, field: str, value: object) -> None:
    launch = trap(name)
    go_to(functions.world, launch.created_slot + 49)

    document = next(
        each for each in listed(functions)["launches"] if each["mint"] == launch.token.mint
    )

    told = {"mintRenounced": True, "freezable": False, "transferFeeBps": 0, "sellable": True}
    told |= {"liquidityLocked": True, field: value}
    assert {name: document[name] for name in told} == told


def test_pool_that_is_gone_holds_nothing(functions: Functions) -> None:
    go_to(functions.world, LAUNCH.created_slot)
    cursor = listed(functions, limit="2")["nextCursor"]
    go_to(functions.world, LAUNCH.created_slot + LIFE_SLOTS + 2 * PERIOD_SLOTS)

    [first] = listed(functions, after=cursor, limit="1")["launches"]

    assert first["liquidity"] == "0"
    assert mints(listed(functions, limit="1")) != [first["mint"]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"after": "x"}, "INVALID_CURSOR"),
        ({"after": ""}, "INVALID_CURSOR"),
        ({"after": "WzEsIngiXQ.AAAA"}, "INVALID_CURSOR"),
        ({"limit": "0"}, "INVALID_LIMIT"),
        ({"limit": "101"}, "INVALID_LIMIT"),
        ({"limit": "ten"}, "INVALID_LIMIT"),
        ({"cursor": "x"}, "INVALID_REQUEST"),
    ],
    ids=str,
)
def test_list_is_refused_when_it_is_asked_for_wrongly(
    functions: Functions, query: dict[str, str], code: str
) -> None:
    answer = functions.get(LAUNCHES, query=query)

    check_answer("GET", LAUNCHES, answer)
    assert answer.document["code"] == code


def test_cursor_of_another_list_is_refused(functions: Functions) -> None:
    for _ in range(2):
        functions.world.submit()
    cursor = functions.get(ORDERS, query={"limit": "1"}).document["nextCursor"]
    foreign = listed(functions)["nextCursor"]

    assert functions.get(LAUNCHES, query={"after": cursor}).document["code"] == "INVALID_CURSOR"
    assert functions.get(ORDERS, query={"cursor": foreign}).document["code"] == "INVALID_CURSOR"


def test_list_is_unavailable_when_the_feed_is(functions: Functions) -> None:
    class Away:
        def latest(self, *, limit: int) -> None:
            raise UnavailableError("away")

    functions.world.pool_feed = Away()
    functions.deploy()

    answer = functions.get(LAUNCHES)

    check_answer("GET", LAUNCHES, answer)
    assert (answer.status, answer.document["code"]) == (503, "UNAVAILABLE")


@pytest.mark.parametrize("query", [SELL, BUY], ids=["sell", "buy"])
def test_quotes_are_given_by_mint(launched: Functions, query: dict[str, str]) -> None:
    answer = launched.get(QUOTES, query=query)

    check_answer("GET", QUOTES, answer)
    assert answer.status == 200
    symbols = {answer.document["tokenIn"], answer.document["tokenOut"]}
    assert LAUNCH.token.symbol in symbols
    assert LAUNCH.pool.address in {leg["pool"] for leg in answer.document["route"]["legs"]}


@pytest.mark.parametrize("fields", [SELL, BUY], ids=["sell", "buy"])
def test_order_by_mint_is_executed_shown_and_listed(
    launched: Functions, fields: dict[str, str]
) -> None:
    order = fields | {"type": "MARKET", "slippageBps": 1_000}

    placed = place(launched, order)
    launched.world.run()

    document = shown(launched, placed.document["orderId"])
    assert document["status"] == "confirmed"
    assert LAUNCH.token.symbol in {document["tokenIn"], document["tokenOut"]}
    side = "tokenIn" if fields is SELL else "tokenOut"
    page = launched.get(ORDERS, query={side: MINT})
    check_answer("GET", ORDERS, page)
    assert [each["orderId"] for each in page.document["orders"]] == [document["orderId"]]
    other = launched.get(ORDERS, query={side: "JUP"})
    assert other.document["orders"] == []


WAITING = [
    SELL | {"type": "LIMIT", "limitPrice": "1"},
    SELL | {"type": "LIMIT", "limitPrice": "1000000", "priceIn": MINT},
    SELL | {"type": "STOP", "triggerPrice": "0.000000001", "triggerCondition": "below"},
    SELL | {"type": "TRAILING_STOP", "trailingBps": 800},
    SELL | {"type": "OCO", "takeProfitPrice": "1", "stopPrice": "0.000000001"},
    BUY | {"type": "LIMIT", "limitPrice": "0.000001", "priceIn": "USDC"},
    BUY | {"type": "LIMIT", "limitPrice": "0.000001", "priceIn": LAUNCH.token.symbol},
]


@pytest.mark.parametrize("order", WAITING[:-1], ids=lambda order: str(order["type"]))
def test_order_of_every_type_waits_for_the_price_of_the_mint(
    launched: Functions, order: dict[str, Any]
) -> None:
    placed = place(launched, order)

    assert placed.status == 202
    document = shown(launched, placed.document["orderId"])
    assert document["status"] == "open"
    assert Decimal(document["waiting"]["price"]) > 0
    if "priceIn" in order:
        assert document["priceIn"] in (LAUNCH.token.symbol, "USDC")


def test_order_that_would_trigger_at_once_is_refused(launched: Functions) -> None:
    order = SELL | {"type": "STOP", "triggerPrice": "1", "triggerCondition": "below"}

    assert place(launched, order).document["code"] == "WOULD_TRIGGER_IMMEDIATELY"


def test_price_may_be_in_the_symbol_of_the_orders_own_token(launched: Functions) -> None:
    by_symbol = WAITING[-1] | {"limitPrice": "900000000000"}
    by_mint = by_symbol | {"priceIn": MINT}

    documents = [place(launched, order).document for order in (by_symbol, by_mint)]

    assert documents[0]["minAmountOut"] == documents[1]["minAmountOut"]
    foreign = place(launched, by_symbol | {"priceIn": "JUP"})
    assert foreign.document["code"] == "INVALID_PRICE_IN"


def test_prices_are_shown_by_mint(launched: Functions) -> None:
    answer = launched.get(PRICES, query={"tokenIn": MINT, "tokenOut": "SOL", "minutes": "1"})

    check_answer("GET", PRICES, answer)
    assert answer.document["venues"] == [LAUNCH.pool.venue]
    assert 5 < len(answer.document["points"]) <= 21


def test_symbol_of_a_launch_does_not_name_it(launched: Functions) -> None:
    query = SELL | {"tokenIn": LAUNCH.token.symbol}

    assert launched.get(QUOTES, query=query).document["code"] == "UNKNOWN_TOKEN"
    assert place(launched, query | {"type": "MARKET"}).document["code"] == "UNKNOWN_TOKEN"


@pytest.mark.parametrize("name", [MINT[:-1] + "1", MINT.lower(), "9" * 44, "MOON"])
def test_mint_that_nobody_has_launched_is_unknown(launched: Functions, name: str) -> None:
    assert launched.get(QUOTES, query=SELL | {"tokenIn": name}).document["code"] == "UNKNOWN_TOKEN"
    assert launched.get(ORDERS, query={"tokenIn": name}).document["code"] == "UNKNOWN_TOKEN"


def test_mint_is_unknown_until_its_launch(functions: Functions) -> None:
    go_to(functions.world, LAUNCH.created_slot - 1)
    for path, query in ((QUOTES, SELL), (PRICES, {"tokenIn": MINT, "tokenOut": "SOL"})):
        assert functions.get(path, query=query).document["code"] == "UNKNOWN_TOKEN"
    assert place(functions, SELL | {"type": "MARKET"}).document["code"] == "UNKNOWN_TOKEN"

    go_to(functions.world, LAUNCH.created_slot)

    assert functions.get(QUOTES, query=SELL).status == 200


def test_token_is_known_and_not_traded_when_its_launch_is_gone(launched: Functions) -> None:
    order_id = place(launched, WAITING[2]).document["orderId"]
    go_to(launched.world, LAUNCH.created_slot + LIFE_SLOTS)

    quote = launched.get(QUOTES, query=SELL)
    order = place(launched, SELL | {"type": "MARKET"})
    prices = launched.get(PRICES, query={"tokenIn": MINT, "tokenOut": "SOL", "minutes": "1"})
    page = launched.get(ORDERS, query={"tokenIn": MINT})

    check_answer("GET", QUOTES, quote)
    assert (quote.status, quote.document["code"]) == (422, "UNKNOWN_PAIR")
    assert (order.status, order.document["code"]) == (422, "UNKNOWN_PAIR")
    assert prices.status == 200
    assert [each["orderId"] for each in page.document["orders"]] == [order_id]
    assert "waiting" not in shown(launched, order_id)


def test_open_order_can_be_edited_and_cancelled_when_its_launch_is_gone(
    launched: Functions,
) -> None:
    order_id = place(launched, WAITING[1]).document["orderId"]
    go_to(launched.world, LAUNCH.created_slot + LIFE_SLOTS)

    changed = edit(launched, order_id, {"limitPrice": "2000000"})

    assert changed.status == 200
    assert (changed.document["limitPrice"], changed.document["priceIn"]) == (
        "2000000",
        LAUNCH.token.symbol,
    )
    assert launched.world.cancel(order_id).status == "cancelled"


@pytest.mark.parametrize("name", [Trap.NOT_SELLABLE, Trap.DRAINED])
def test_quote_is_refused_with_a_stable_code_when_the_trap_has_closed(
    functions: Functions, name: Trap
) -> None:
    launch = trap(name)
    go_to(functions.world, launch.drained_slot or launch.created_slot)

    answer = functions.get(QUOTES, query=SELL | {"tokenIn": launch.token.mint})

    check_answer("GET", QUOTES, answer)
    codes = {Trap.NOT_SELLABLE: {"NOT_SELLABLE"}}
    assert answer.status == 422
    assert answer.document["code"] in codes.get(name, {"EMPTY_POOL", "INSUFFICIENT_LIQUIDITY"})


def test_price_is_in_a_mint_where_both_tokens_are_called_the_same(functions: Functions) -> None:
    one, other = twins()
    go_to(functions.world, max(one.created_slot, other.created_slot))
    order = {
        "type": "LIMIT",
        "tokenIn": one.token.mint,
        "tokenOut": other.token.mint,
        "amount": "1000",
        "limitPrice": "1000000",
    }

    by_symbol = place(functions, order | {"priceIn": one.token.symbol})
    by_mint = place(functions, order | {"priceIn": one.token.mint})

    assert by_symbol.document["code"] == "INVALID_PRICE_IN"
    assert by_mint.document["priceIn"] == one.token.mint
    changed = edit(functions, by_mint.document["orderId"], {"limitPrice": "900000"})
    assert (changed.document["limitPrice"], changed.document["priceIn"]) == (
        "900000",
        one.token.mint,
    )


def twins() -> tuple[Launch, Launch]:
    """Two launches of one symbol that there are at the same time."""
    earlier: dict[str, Launch] = {}
    for launch in drawn(1_000):
        twin = earlier.get(launch.token.symbol)
        if twin and launch.created_slot < twin.created_slot + LIFE_SLOTS:
            return twin, launch
        earlier[launch.token.symbol] = launch
    raise AssertionError("no two launches have one symbol")
