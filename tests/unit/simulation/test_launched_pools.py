"""Pools of launches in the market, at their venues, on the chain and in the feed of prices."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import UnknownPairError
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.pools.rejections import (
    EmptyPoolError,
    InsufficientLiquidityError,
    NotSellableError,
    SwapDisabledError,
)
from chalicelib.domain.pools.restricted import RestrictedPool
from chalicelib.domain.routing.quotes import Quote
from chalicelib.domain.token_list import JUP, SOL, USDC
from chalicelib.domain.tokens import Pair
from chalicelib.simulation.launch_states import curve_of, launched_pool
from chalicelib.simulation.launches import LIFE_SLOTS, Launch, Trap
from chalicelib.simulation.market import METEORA, RAYDIUM, Market, PoolNotListedError
from infra.operate.audit.recompute import Recomputation
from tests.launches import (
    FIRST_SLOT,
    SEED,
    buying,
    find_launch,
    go_to,
    honest,
    kind_of,
    selling,
    trap,
)
from tests.world import FIVE, World, exact_in, exact_out

MARKET = Market(seed=SEED)
EMPTY = (EmptyPoolError, InsufficientLiquidityError)
# A tenth of a SOL.
LITTLE = 10**8


def world_at(slot: int) -> World:
    world = World()
    go_to(world, slot)
    return world


def confirms(world: World, order_id: str) -> bool:
    """Whether the audit computes the swap of the order again as it stands in the ledger."""
    [entry] = world.landed(order_id)
    row = asdict(entry) | {"legs": [asdict(leg) for leg in entry.legs]}
    return Recomputation(world.market).confirms(row)


def bought(world: World, launch: Launch, amount_in: int = LITTLE) -> int:
    """Buy, and return what arrived."""
    order_id = world.submit(pair=buying(launch), amount_in=amount_in, slippage_bps=1_000)
    world.run()
    assert world.statuses(order_id) == FIVE
    assert confirms(world, order_id)
    return world.details(order_id, 5)["amount_out"]


@pytest.mark.parametrize("kind", PoolKind)
def test_token_is_bought_and_sold_again_in_a_pool_of_every_kind(kind: PoolKind) -> None:
    launch = honest(kind)
    world = world_at(launch.created_slot + 20)

    amount = bought(world, launch)
    order_id = world.submit(pair=selling(launch), amount_in=amount, slippage_bps=1_000)
    world.run()

    assert world.statuses(order_id) == FIVE
    assert confirms(world, order_id)
    [leg] = world.landed(order_id)[0].legs
    assert (leg.pool_address, leg.amount_in) == (launch.pool.address, amount)
    fee_bps = world.details(order_id, 3)["route"]["legs"][0]["fee_bps"]
    # Two fees, and what the price did within some slots.
    assert LITTLE * (1 - 2 * fee_bps / 10_000 - 0.05) < leg.amount_out < LITTLE * 1.05


@pytest.mark.parametrize("kind", PoolKind)
def test_exact_amount_of_the_token_is_bought_from_a_listed_one(kind: PoolKind) -> None:
    launch = honest(kind)
    world = world_at(launch.created_slot + 20)
    amount = 1_000 * 10**launch.token.decimals
    pair = Pair(token_in=USDC, token_out=launch.token)

    order_id = world.submit(pair=pair, amount_out=amount, slippage_bps=1_000)
    world.run()

    assert world.statuses(order_id) == FIVE
    assert confirms(world, order_id)
    confirmed = world.details(order_id, 5)
    assert confirmed["amount_out"] == amount
    legs = world.landed(order_id)[0].legs
    assert legs[-1].pool_address == launch.pool.address
    assert {leg.input_mint for leg in legs} == {USDC.mint, SOL.mint}


def test_one_launched_token_is_swapped_for_another() -> None:
    one = honest(PoolKind.CPMM)
    other = find_launch(
        lambda x: not x.traps and abs(x.created_slot - one.created_slot) in range(1, 2_000)
    )
    world = world_at(max(one.created_slot, other.created_slot) + 100)

    order_id = world.submit(
        pair=Pair(token_in=one.token, token_out=other.token),
        amount_in=10_000 * 10**one.token.decimals,
        slippage_bps=1_000,
    )
    world.run()

    assert world.statuses(order_id) == FIVE
    addresses = [leg.pool_address for leg in world.landed(order_id)[0].legs]
    assert (addresses[0], addresses[-1]) == (one.pool.address, other.pool.address)


@pytest.mark.parametrize("kind", PoolKind)
def test_what_arrives_is_less_the_transfer_fee_in_quote_ledger_and_audit(kind: PoolKind) -> None:
    launch = trap(Trap.TRANSFER_FEE, kind=kind)
    world = world_at(launch.created_slot + 20)
    slot, moment = launch.created_slot + 20, world.venues[0].pools().at
    inner = curve_of(launch, slot).quote_exact_in(SOL.mint, LITTLE, moment)

    arrived = bought(world, launch)
    order_id = world.submit(pair=selling(launch), amount_in=arrived, slippage_bps=1_000)
    world.run()

    assert arrived == inner.amount_out - -(-inner.amount_out * 3_000 // 10_000)
    assert confirms(world, order_id)
    received = world.details(order_id, 5)["amount_out"]
    # 30 % twice, and what the pool takes.
    assert 0.4 * LITTLE < received < 0.5 * LITTLE
    fees = world.details(order_id, 3)["route"]["legs"][0]["fees"]
    assert [f["mint"] for f in fees if f["kind"] == "transfer"] == [launch.token.mint]


@pytest.mark.parametrize("kind", PoolKind)
def test_sale_is_refused_in_quotes_and_on_chain_when_the_token_is_not_sellable(
    kind: PoolKind,
) -> None:
    launch = trap(Trap.NOT_SELLABLE, kind=kind)
    world = world_at(launch.created_slot + 20)
    amount = bought(world, launch)

    with pytest.raises(NotSellableError):
        world.deployment.router.find_route(exact_in(amount, selling(launch)))
    with pytest.raises(NotSellableError):
        world.deployment.router.find_route(exact_out(LITTLE // 2, selling(launch)))
    order_id = world.submit(pair=selling(launch), amount_in=amount)
    world.run()

    assert world.statuses(order_id)[-1] == "failed"
    assert world.details(order_id, 3)["code"] == "NOT_SELLABLE"
    pool = world.market.pool(launch.pool.address, launch.created_slot + 30)
    with pytest.raises(NotSellableError):
        pool.quote_exact_in(launch.token.mint, amount, world.venues[0].pools().at)


@pytest.mark.parametrize("kind", PoolKind)
def test_nothing_is_left_to_swap_when_the_liquidity_has_left(kind: PoolKind) -> None:
    launch = trap(Trap.DRAINED, kind=kind)
    assert launch.drained_slot is not None
    world = world_at(launch.drained_slot - 1)
    assert world.deployment.router.find_route(exact_in(LITTLE, buying(launch)))

    go_to(world, launch.drained_slot)

    for trade in (exact_in(LITTLE, buying(launch)), exact_in(10**9, selling(launch))):
        with pytest.raises(EMPTY):
            world.deployment.router.find_route(trade)
    with pytest.raises(EMPTY):
        world.deployment.router.find_route(exact_out(10**9, buying(launch)))


def test_swap_fails_on_chain_when_the_liquidity_leaves_before_it_lands() -> None:
    launch = trap(Trap.DRAINED, kind=PoolKind.CPMM)
    assert launch.drained_slot is not None
    world = World(latency=timedelta(seconds=4))
    go_to(world, launch.drained_slot - 2)

    order_id = world.submit(pair=buying(launch), amount_in=LITTLE, slippage_bps=10_000)
    world.run()

    [entry] = world.landed(order_id)
    assert (entry.error_code, entry.refused_by) == ("EMPTY_POOL", launch.pool.address)
    assert world.statuses(order_id)[-1] == "failed"


def test_pool_swaps_from_the_slot_in_which_it_opens() -> None:
    launch = find_launch(lambda x: not x.traps and x.opens_slot > x.funded_slot)
    trade = exact_in(LITTLE // 100, buying(launch))
    world = world_at(launch.opens_slot - 1)

    with pytest.raises(SwapDisabledError):
        world.deployment.router.find_route(trade)
    go_to(world, launch.opens_slot)

    assert [leg.pool_address for leg in world.deployment.router.find_route(trade).legs] == [
        launch.pool.address
    ]


@pytest.mark.parametrize("kind", PoolKind)
def test_pool_swaps_from_the_slot_in_which_it_is_funded(kind: PoolKind) -> None:
    launch = find_launch(
        lambda x: not x.traps and x.funded_slot > x.opens_slot and kind_of(x) is kind
    )
    trade = exact_in(LITTLE // 100, buying(launch))
    world = world_at(launch.funded_slot - 1)

    with pytest.raises(EMPTY):
        world.deployment.router.find_route(trade)
    go_to(world, launch.funded_slot)

    assert world.deployment.router.find_route(trade).amount_out > 0


def test_pool_is_there_for_its_life_and_then_gone() -> None:
    launch = honest()
    first, last = launch.created_slot, launch.created_slot + LIFE_SLOTS - 1
    address, mints = launch.pool.address, [launch.token.mint, SOL.mint, launch.token.mint]

    for slot in (first, last):
        [pool] = MARKET.launched(mints, slot)
        assert MARKET.pool(address, slot) == pool == launched_pool(launch, slot)
        assert MARKET.connects(buying(launch).mints, slot)
        assert MARKET.connects(Pair(token_in=launch.token, token_out=JUP).mints, slot)
    for slot in (first - 1, last + 1):
        assert MARKET.launched(mints, slot) == []
        assert not MARKET.connects(buying(launch).mints, slot)
        with pytest.raises(PoolNotListedError):
            MARKET.pool(address, slot)
    assert MARKET.launch(launch.token.mint) == launch


def test_order_in_flight_fails_when_the_pool_is_gone_before_it_lands() -> None:
    launch = honest(PoolKind.CPMM)
    world = World(latency=timedelta(seconds=4))
    go_to(world, launch.created_slot + LIFE_SLOTS - 2)

    order_id = world.submit(pair=buying(launch), amount_in=LITTLE, slippage_bps=10_000)
    world.run()

    assert world.statuses(order_id)[-1] == "failed"
    assert world.landed(order_id)[0].error_code == "POOL_NOT_LISTED"


def test_order_fails_when_the_pool_is_gone_before_it_is_routed() -> None:
    launch = honest()
    world = world_at(launch.created_slot + 20)
    order_id = world.submit(pair=buying(launch), amount_in=LITTLE)

    go_to(world, launch.created_slot + LIFE_SLOTS)
    world.run()

    assert world.statuses(order_id) == ["pending", "routing", "failed"]
    assert world.details(order_id, 3)["code"] == "UNKNOWN_PAIR"
    with pytest.raises(UnknownPairError):
        world.submit(pair=buying(launch))


@pytest.mark.parametrize(
    ("trap_of", "is_restricted"),
    [
        ((), False),
        ((Trap.MINTABLE,), False),
        ((Trap.FREEZABLE,), False),
        ((Trap.TRANSFER_FEE,), True),
        ((Trap.NOT_SELLABLE,), True),
    ],
)
def test_pool_has_rules_of_its_token_only_when_there_are_any(
    trap_of: tuple[Trap, ...], is_restricted: bool
) -> None:
    launch = trap(*trap_of) if trap_of else honest()

    pool = launched_pool(launch, launch.created_slot + 50)

    assert isinstance(pool, RestrictedPool) is is_restricted


def test_venue_shows_the_pool_only_to_those_who_ask_for_its_mint() -> None:
    launch = honest()
    world = world_at(launch.created_slot)
    venues = {venue.name: venue for venue in world.venues}
    venue, other = venues[launch.pool.venue], venues[other_than(launch.pool.venue)]

    listed = venue.pools()

    assert venue.pools(Pair(token_in=SOL, token_out=USDC)) is listed
    asked = venue.pools(buying(launch))
    assert [*asked.pools] == [*listed.pools, launched_pool(launch, launch.created_slot)]
    assert asked.tokens == {**listed.tokens, launch.token.mint: launch.token}
    assert venue.pools(buying(launch)) is asked
    assert venue.pools(selling(launch)) is asked
    assert venue.pools(Pair(token_in=USDC, token_out=launch.token)) is asked
    assert venue.pools() is listed
    assert other.pools(buying(launch)) is other.pools()


def other_than(venue: str) -> str:
    return METEORA if venue == RAYDIUM else RAYDIUM


def test_venue_answers_anew_in_each_slot_and_never_with_what_is_gone() -> None:
    launch = honest()
    world = world_at(launch.created_slot + LIFE_SLOTS - 2)
    venue = next(venue for venue in world.venues if venue.name == launch.pool.venue)
    before = venue.pools(buying(launch))

    go_to(world, launch.created_slot + LIFE_SLOTS - 1)
    assert venue.pools(buying(launch)) is not before
    go_to(world, launch.created_slot + LIFE_SLOTS)

    assert venue.pools(buying(launch)) is venue.pools()


def test_routes_of_listed_pairs_go_over_no_launched_pool() -> None:
    world = world_at(FIRST_SLOT + 5_000)

    route = world.deployment.router.find_route(exact_in(500 * 10**9))

    listed = {pool.address for pool in world.market.listings}
    assert {leg.pool_address for leg in route.legs} <= listed
    quotes: tuple[Quote, ...] = route.quotes
    assert {quote.pool_address for quote in quotes} <= listed


def test_price_history_of_the_token_begins_with_its_pool_and_ends_with_it() -> None:
    launch = honest()
    world = world_at(launch.created_slot + 300)
    span = timedelta(minutes=5)

    points = world.price_history.prices(buying(launch), span=span)
    slots = [point.slot for point in points]

    assert launch.created_slot <= min(slots) < launch.created_slot + 10
    assert max(slots) > launch.created_slot + 280
    assert {venue for point in points for venue in point.venues} == {launch.pool.venue}
    reverse = world.price_history.prices(selling(launch), span=span)
    there, back = points[-1].best_route, reverse[-1].best_route
    product = there.numerator * back.numerator / (there.denominator * back.denominator)
    assert 0.95 < product < 1
    go_to(world, launch.created_slot + LIFE_SLOTS + 300)
    ended = world.price_history.prices(buying(launch), span=span)
    assert max(point.slot for point in ended) < launch.created_slot + LIFE_SLOTS
    go_to(world, launch.created_slot + LIFE_SLOTS + 3_000)
    assert world.price_history.prices(buying(launch), span=span) == []


def test_fair_price_is_what_the_pool_pays() -> None:
    for kind in PoolKind:
        launch = honest(kind)
        slot = launch.created_slot + 1_000
        price = curve_of(launch, slot).marginal_price(launch.token.mint)
        scale = 10 ** (launch.token.decimals - launch.quote.decimals)
        paid = price.numerator / price.denominator * scale * MARKET.fair_price(SOL, slot)
        # A bin's price lies up to half a bin away.
        assert abs(paid / MARKET.fair_price(launch.token, slot) - 1) < 0.006


def test_market_of_a_pair_has_the_listed_pools_that_lead_to_its_launch() -> None:
    launch = honest()

    market = MARKET.between(Pair(token_in=launch.token, token_out=USDC))

    assert all(
        SOL in (p.token_a, p.token_b) for p in market.listings if USDC not in (p.token_a, p.token_b)
    )
    assert replace(market, listings=MARKET.listings) == MARKET
