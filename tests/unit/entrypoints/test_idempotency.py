"""Idempotency-Key and the rate limit, as a client of the HTTP API meets them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.limits import IdempotencyKey, RateLimit
from chalicelib.simulation.market import Market
from tests.unit.functions import Answer, Functions, captured
from tests.world import ONE_SOL, exact_in

FIELDS = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
JSON = {"content-type": "application/json"}
NAME = "Idempotency-Key"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def place(functions: Functions, key: str | None = KEY, **fields: object) -> Answer:
    headers: Mapping[str, str] = JSON if key is None else JSON | {"Idempotency-Key": key}
    return functions.post(json.dumps(FIELDS | fields), headers=headers)


def place_under_lines(functions: Functions, *lines: tuple[str, str]) -> Answer:
    """Place it with these headers, in an event that has them as API Gateway does."""
    event = captured("http_post") | {"body": json.dumps(FIELDS)}
    for name, value in lines:
        event["headers"][name] = value
        event["multiValueHeaders"].setdefault(name, []).append(value)
    return functions.http(event)


def limited(functions: Functions, orders_max: int) -> None:
    functions.deploy(rate_limit=RateLimit(orders_max=orders_max))


def test_first_answer_comes_again_when_the_request_does(functions: Functions) -> None:
    first = place(functions)
    functions.world.run()

    again = place(functions)

    assert (first.status, again.status) == (202, 202)
    assert again.document == first.document
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert len(functions.world.store.orders) == 1
    assert list(functions.world.order_queue.messages) == []


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"amount": "1.000"}, KEY),
        ({"slippageBps": 100}, KEY),
        ({"maxPriceImpactBps": 1_500}, KEY),
        ({"tokenIn": "So11111111111111111111111111111111111111112"}, KEY),
        ({}, f'"{KEY}"'),
    ],
    ids=["amount", "slippage", "price impact", "mint", "quoted key"],
)
def test_order_is_the_same_when_it_is_written_in_another_way(
    functions: Functions, fields: dict[str, object], key: str
) -> None:
    first = place(functions)

    assert place(functions, key, **fields).document == first.document


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": 2},
        {"slippageBps": 99},
        {"maxPriceImpactBps": 1_499},
        {"tokenOut": "JUP"},
        {"tokenIn": "USDC", "tokenOut": "SOL"},
    ],
    ids=["amount", "slippage", "price impact", "token", "direction"],
)
def test_key_is_refused_when_it_comes_with_another_order(
    functions: Functions, fields: dict[str, object]
) -> None:
    place(functions)

    answer = place(functions, **fields)

    assert (answer.status, answer.document["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(functions.world.store.orders) == 1


def test_key_is_matched_when_it_is_of_a_version_without_a_price_impact_limit(
    functions: Functions,
) -> None:
    world, pair = functions.world, exact_in().pair
    asked = ["MARKET", pair.token_in.mint, pair.token_out.mint, "exact_in", ONE_SOL, 100]
    fingerprint = hashlib.sha256(json.dumps(asked).encode()).digest()
    unlimited = accept(
        order_id=world.new_order_id(),
        owner_id=ANONYMOUS,
        trade=exact_in(),
        slippage_bps=100,
        max_price_impact_bps=BPS,
        at=world.clock.now(),
    )
    world.store.add(unlimited, key=IdempotencyKey(value=KEY, fingerprint=fingerprint))

    again, another = place(functions), place(functions, maxPriceImpactBps=BPS)

    assert again.document["orderId"] == unlimited.order.order_id
    assert again.document["maxPriceImpactBps"] == BPS
    assert again.headers["Idempotent-Replayed"] == "true"
    assert another.document["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_orders_are_two_when_they_have_no_key_or_two(functions: Functions) -> None:
    for key in (None, None, "one", "two"):
        assert place(functions, key).status == 202

    assert len(functions.world.store.orders) == 4


@pytest.mark.parametrize(
    "key",
    [
        "",
        '""',
        "a" * 256,
        "a b",
        "a\tb",
        "ключ",
        '"open',
        'clo"sed',
        "nul\x00",
        '"' + "a" * 256 + '"',
    ],
)
def test_key_is_refused_when_it_is_malformed(functions: Functions, key: str) -> None:
    answer = place(functions, key)

    assert (answer.status, answer.document["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")
    assert functions.world.store.orders == {}


@pytest.mark.parametrize("key", ["a", "a" * 255, '"' + "a" * 255 + '"', "!#~", "a:b/c"])
def test_key_is_taken_when_it_is_visible_ascii(functions: Functions, key: str) -> None:
    assert place(functions, key).status == 202


@pytest.mark.parametrize("names", [(NAME, NAME), (NAME, NAME.lower())], ids=["one case", "two"])
def test_order_is_refused_when_it_comes_under_two_different_keys(
    functions: Functions, names: tuple[str, str]
) -> None:
    answer = place_under_lines(functions, *zip(names, ("one", "two"), strict=True))

    assert (answer.status, answer.document["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")
    assert "one Idempotency-Key" in answer.document["detail"]
    assert functions.world.store.orders == {}


def test_order_is_refused_when_a_line_before_the_last_is_empty(functions: Functions) -> None:
    assert place_under_lines(functions, (NAME, ""), (NAME, KEY)).status == 400


def test_order_is_placed_once_when_its_key_comes_twice(functions: Functions) -> None:
    first = place_under_lines(functions, (NAME, KEY), (NAME, f'"{KEY}"'))

    assert first.status == 202
    assert place(functions).document == place(functions, f"{KEY}, {KEY}").document == first.document


def test_key_is_free_again_when_its_request_was_refused(functions: Functions) -> None:
    refused = place(functions, amount=0)

    assert (refused.status, place(functions).status) == (422, 202)


def test_replay_is_answered_when_the_pair_is_listed_no_more(functions: Functions) -> None:
    first = place(functions)
    functions.world.market = Market(seed="world", listings=())
    functions.deploy()

    assert place(functions).document == first.document
    assert place(functions, "another").document["code"] == "UNKNOWN_PAIR"


def test_key_is_forgotten_a_day_later_when_its_order_is_final(functions: Functions) -> None:
    place(functions)
    functions.world.run()

    pruned = []
    for hours in (23, 2):
        functions.world.clock.at += timedelta(hours=hours)
        pruned.append(functions.world.sweeper.prune())

    assert pruned == [0, 1]
    assert "Idempotent-Replayed" not in place(functions).headers


def test_key_is_kept_while_its_order_is_not_final(functions: Functions) -> None:
    place(functions)

    functions.world.clock.at += timedelta(days=30)

    assert functions.world.sweeper.prune() == 0
    assert place(functions).headers["Idempotent-Replayed"] == "true"


def test_answers_say_what_is_left_of_the_limit(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(functions, 2)

    answers = [place(functions, None) for _ in range(2)]

    assert [a.headers["RateLimit-Policy"] for a in answers] == ['"orders";q=2;w=60'] * 2
    assert [a.headers["RateLimit"] for a in answers] == ['"orders";r=1;t=60', '"orders";r=0;t=60']


def test_order_is_refused_until_the_window_ends_when_there_were_enough(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(functions, 1)
    place(functions)
    functions.world.clock.sleep(19.5)

    refused = place(functions, "another")

    assert (refused.status, refused.document["code"]) == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"] == "41"
    assert refused.headers["RateLimit"] == '"orders";r=0;t=41'
    assert place(functions).headers["Idempotent-Replayed"] == "true"
    functions.world.clock.sleep(41)
    assert place(functions, "another").status == 202


def test_nothing_is_said_of_a_limit_when_there_is_none(functions: Functions) -> None:
    assert "RateLimit" not in place(functions).headers
