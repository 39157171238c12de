from decimal import Decimal

from chalicelib.domain.token_list import TOKENS, find_token
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import slot_at
from tests.unit.functions import Functions


def test_pools_are_all_listed_with_their_prices(functions: Functions):
    answer = functions.get("/api/pools")

    slot = slot_at(functions.world.clock.at)
    pools = {document["pool"]: document for document in answer.document["pools"]}
    assert (answer.status, answer.document["slot"]) == (200, slot)
    assert len(answer.document["pools"]) == len(pools) == len(POOLS)
    for listed in POOLS:
        document = pools[listed.address]
        state = functions.world.market.pool(listed.address, slot)
        assert (document["venue"], document["kind"]) == (listed.venue, state.kind)
        assert (document["tokenA"], document["tokenB"]) == (
            listed.token_a.symbol,
            listed.token_b.symbol,
        )
        assert (document["mintA"], document["mintB"]) == (state.mint_a, state.mint_b)
        expected = price_of(functions.world.market, listed, slot)
        assert abs(Decimal(document["price"]) / expected - 1) < Decimal("0.06")


def price_of(market, listed, slot):
    """What the two tokens are worth in dollars, which pools stray from by a few percent."""
    return Decimal(market.fair_price(listed.token_a, slot)) / market.fair_price(
        listed.token_b, slot
    )


def test_price_of_a_pool_is_what_a_small_swap_pays_before_fees(functions: Functions):
    slot = slot_at(functions.world.clock.at)

    documents = functions.get("/api/pools").document["pools"]

    for document in documents:
        state = functions.world.market.pool(document["pool"], slot)
        exact = state.marginal_price(state.mint_a)
        decimals = find_token(state.mint_a).decimals - find_token(state.mint_b).decimals
        price = Decimal(exact.numerator) / exact.denominator * Decimal(10) ** decimals
        assert abs(Decimal(document["price"]) / price - 1) < Decimal("1e-11")


def test_every_token_is_in_a_listed_pool(functions: Functions):
    pools = functions.get("/api/pools").document["pools"]

    traded = {pool["tokenA"] for pool in pools} | {pool["tokenB"] for pool in pools}
    assert traded == {token.symbol for token in TOKENS}
