from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import SOL, find_pair
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.entrypoints.wire.events import event_document
from tests.contract.samples import DECISION, details_of

EVENT = OrderEvent(
    order_id=OrderId("00000000-0000-4000-8000-000000000001"),
    sequence=5,
    attempt=1,
    occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    pair=find_pair("SOL", "USDC"),
    details=details_of(OrderStatus.CONFIRMED),
)


def confirmed(pair: str, amount_in: int, amount_out: int) -> OrderEvent:
    amounts = {"amount_in": amount_in, "amount_out": amount_out}
    fill = replace(details_of(OrderStatus.CONFIRMED), **amounts)
    return replace(EVENT, pair=find_pair(*pair.split()), details=fill)


@pytest.mark.parametrize(
    ("event", "amounts", "price"),
    [
        (confirmed("SOL USDC", 10**9, 150_000_000), ("1", "150"), "150"),
        (confirmed("SOL USDC", 2 * 10**9, 300_000_002), ("2", "300.000002"), "150.000001"),
        (confirmed("BONK SOL", 10**5, 160), ("1", "0.00000016"), "0.00000016"),
        (confirmed("SOL BONK", 10**9, 625_000_000_000), ("1", "6250000"), "6250000"),
        (confirmed("SOL USDC", 3, 1), ("0.000000003", "0.000001"), "333.333333333"),
        (confirmed("BONK SOL", 2**64 - 1, 1), ("184467440737095.51615", "0.000000001"), None),
    ],
    ids=["whole", "decimals", "tiny", "large", "endless", "tiniest"],
)
def test_fill_is_shown_in_plain_decimals(
    event: OrderEvent, amounts: tuple[str, str], price: str | None
) -> None:
    document = event_document(event)

    assert (document["amountIn"], document["amountOut"]) == amounts
    assert document["executedPrice"] == price or price is None
    assert set(document["executedPrice"]) <= set("0123456789.")


def test_amounts_of_a_decision_are_decimals_of_their_own_tokens() -> None:
    document = event_document(replace(EVENT, details=details_of(OrderStatus.BUILDING)))

    [quote], route = document["quotes"], document["route"]
    assert (quote["amountIn"], quote["amountOut"]) == ("1", "150")
    [leg] = route["legs"]
    assert leg["fees"] == [{"kind": "lp", "mint": SOL.mint, "amount": "0.0025"}]
    assert (document["minAmountOut"], "maxAmountIn" in document) == ("148.5", False)
    assert document["lastValidBlockHeight"] == 300_000_000


def test_amounts_are_decimals_of_tokens_that_no_list_names() -> None:
    new = Token(symbol="NEW", mint=Mint("New" + "1" * 40), decimals=2)
    leg = replace(DECISION.route.legs[0], output_mint=new.mint)
    decision = replace(DECISION, route=replace(DECISION.route, legs=(leg,)), tokens=(SOL, new))
    built = replace(details_of(OrderStatus.BUILDING), decision=decision)
    event = replace(EVENT, pair=Pair(token_in=SOL, token_out=new), details=built)

    document = event_document(event)

    assert document["quotes"][0]["amountOut"] == "1500000"
    assert document["route"]["legs"][0]["amountOut"] == "1500000"
    assert document["minAmountOut"] == "1485000"


def test_most_input_is_shown_when_the_output_was_given() -> None:
    limits = {"min_amount_out": None, "max_amount_in": 1_010_000_000}
    built = replace(details_of(OrderStatus.BUILDING), **limits)

    document = event_document(replace(EVENT, details=built))

    assert (document["maxAmountIn"], "minAmountOut" in document) == ("1.01", False)


def test_timestamp_is_utc_in_milliseconds_wherever_it_was_taken() -> None:
    moment = datetime(2026, 1, 1, 2, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))

    document = event_document(replace(EVENT, occurred_at=moment))

    assert document["timestamp"] == "2026-01-01T00:00:00.123Z"
