from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.domain.orders.events import Json, OrderEvent
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.tokens import Pair
from chalicelib.entrypoints.wire.documents import event_document

EVENT = OrderEvent(
    order_id=OrderId("00000000-0000-4000-8000-000000000001"),
    sequence=5,
    status=OrderStatus.CONFIRMED,
    attempt=1,
    occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    pair=Pair.of("SOL", "USDC"),
    details={},
)


def confirmed(pair: str, amount_in: int, amount_out: int) -> OrderEvent:
    details: dict[str, Json] = {"amount_in": amount_in, "amount_out": amount_out, "signature": "5"}
    return replace(EVENT, pair=Pair.of(*pair.split()), details=details)


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


def test_details_are_written_in_camel_case_when_they_are_nested() -> None:
    details: dict[str, Json] = {
        "quotes": [{"amount_out": 1_500_000, "fee_bps": 25, "price_impact_bps": 3}],
        "route": {"amount_out": 1_500_000, "saving_bps": 7},
        "min_amount_out": 1,
        "last_valid_block_height": 150,
    }

    document = event_document(replace(EVENT, status=OrderStatus.BUILDING, details=details))

    assert document["quotes"] == [{"amountOut": "1.5", "feeBps": 25, "priceImpactBps": 3}]
    assert document["route"] == {"amountOut": "1.5", "savingBps": 7}
    assert (document["minAmountOut"], document["lastValidBlockHeight"]) == ("0.000001", 150)


def test_timestamp_is_utc_in_milliseconds_wherever_it_was_taken() -> None:
    moment = datetime(2026, 1, 1, 2, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))

    document = event_document(replace(EVENT, status=OrderStatus.ROUTING, occurred_at=moment))

    assert document["timestamp"] == "2026-01-01T00:00:00.123Z"
