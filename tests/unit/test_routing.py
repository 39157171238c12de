from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import NoRouteError, OrderError, QuoteError
from chalicelib.domain.quotes import Quote, Rejection
from chalicelib.domain.routing import choose_route
from tests.world import ONE_SOL, SOL_USDC

QUOTE = Quote(
    venue="raydium",
    pool_address="A",
    input_mint=SOL_USDC.token_in.mint,
    output_mint=SOL_USDC.token_out.mint,
    amount_in=ONE_SOL,
    amount_out=150_000_000,
    fee_bps=25,
    price_impact_bps=7,
    slot=1,
)
# Few distinct values, so that ties are common.
quote_lists = st.lists(
    st.builds(
        replace,
        st.just(QUOTE),
        venue=st.sampled_from(["raydium", "meteora"]),
        pool_address=st.text(alphabet="ABCDEFGH", min_size=3, max_size=3),
        amount_out=st.integers(min_value=1, max_value=4),
        price_impact_bps=st.integers(min_value=0, max_value=2),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda quote: quote.pool_address,
)


def rejection(code: str, pool_address: str = "A") -> Rejection:
    return Rejection(venue="raydium", pool_address=pool_address, code=code)


@given(quotes=quote_lists)
def test_route_never_takes_a_worse_net_output(quotes: list[Quote]) -> None:
    route = choose_route(quotes)

    ranked = [quote.amount_out for quote in (route.best, *route.others)]
    assert ranked == sorted((quote.amount_out for quote in quotes), reverse=True)


@given(quotes=quote_lists)
def test_route_keeps_every_quote(quotes: list[Quote]) -> None:
    route = choose_route(quotes)

    assert {quote.pool_address for quote in (route.best, *route.others)} == {
        quote.pool_address for quote in quotes
    }


@given(quotes=quote_lists, seed=st.integers())
def test_route_is_the_same_when_the_quotes_come_in_another_order(
    quotes: list[Quote], seed: int
) -> None:
    shuffled = Random(seed).sample(quotes, len(quotes))

    assert choose_route(shuffled) == choose_route(quotes)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"amount_out": 150_000_001, "fee_bps": 99, "price_impact_bps": 99}, {}),
        ({"price_impact_bps": 6, "pool_address": "Z"}, {}),
        ({}, {"pool_address": "B", "fee_bps": 1}),
    ],
    ids=["the greater net output", "the lesser impact of equal outputs", "else the lesser address"],
)
def test_route_takes_the_better_quote(better: dict[str, Any], worse: dict[str, Any]) -> None:
    best, other = replace(QUOTE, **better), replace(QUOTE, **worse)

    assert choose_route([other, best]).best == best


def test_route_says_what_it_saves_when_there_are_others() -> None:
    best = replace(QUOTE, amount_out=10_500)
    second = replace(QUOTE, amount_out=10_400, venue="meteora", pool_address="B")
    worst = replace(QUOTE, amount_out=10_000, venue="meteora", pool_address="C")

    route = choose_route([worst, best, second], [rejection("EMPTY_POOL", "D")])

    details: Any = route.to_details()
    assert (route.worst, route.saving_bps) == (worst, 500)
    assert "96 bps more than meteora" in route.reason
    assert [quote["pool"] for quote in details["quotes"]] == ["A", "B", "C"]
    assert details["route"]["saving_bps"] == 500
    assert details["rejections"] == [{"venue": "raydium", "pool": "D", "code": "EMPTY_POOL"}]


def test_route_saves_nothing_when_it_is_the_only_one() -> None:
    route = choose_route([QUOTE])

    assert (route.worst, route.saving_bps) == (QUOTE, 0)
    assert "only venue" in route.reason


@pytest.mark.parametrize("kind", QuoteError.__subclasses__(), ids=lambda kind: kind.code)
def test_route_gives_the_pools_reason_when_they_agree(kind: type[OrderError]) -> None:
    rejections = [rejection(kind.code, "A"), rejection(kind.code, "B")]

    with pytest.raises(kind):
        choose_route([], rejections)


@pytest.mark.parametrize(
    "rejections",
    [[], [rejection("UNHEARD_OF")], [rejection("ZERO_OUTPUT"), rejection("EMPTY_POOL", "B")]],
    ids=["no pool", "an unknown reason", "two reasons"],
)
def test_route_is_not_found_when_there_is_no_quote(rejections: list[Rejection]) -> None:
    with pytest.raises(NoRouteError) as refusal:
        choose_route([], rejections)

    assert all(rejection.code in refusal.value.detail for rejection in rejections)
