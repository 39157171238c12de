"""Orders that wait for prices of launched tokens: seen from their first slot on, at no cost where
nobody waits."""

from datetime import timedelta
from fractions import Fraction

import pytest

from chalicelib.domain.orders.events import OrderFailed
from chalicelib.domain.orders.exits import exit_id
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import (
    Condition,
    ExitPlan,
    LimitTerms,
    MarketTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
)
from chalicelib.domain.orders.triggers import RATE_ONE, RatedPair
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import USDC
from chalicelib.domain.tokens import Pair
from chalicelib.engine.messages import StatusUpdate, decode_status_message, encode
from chalicelib.simulation.launches import LIFE_SLOTS, Launch, Trap
from infra.operate.audit.recompute import Observed
from tests.launches import buying, go_to, honest, selling, trap
from tests.world import World

# The price of its pool moves from slot to slot.
LAUNCH = honest(PoolKind.CPMM)
HOUR = timedelta(hours=1)
AMOUNT = 10_000 * 10**LAUNCH.token.decimals


def mints(pair: Pair) -> RatedPair:
    return pair.token_in.mint, pair.token_out.mint


def world_with_launch(launch: Launch = LAUNCH, *, slots: int = 100) -> World:
    world = World()
    go_to(world, launch.created_slot + slots)
    return world


def rate_at(world: World, pair: Pair, slot: int) -> int:
    return world.rates.observe(slot, [mints(pair)]).rates[mints(pair)]


def stop_at(world: World, pair: Pair, rate: int) -> StopTerms:
    """A stop that fires once the rate is no higher than that."""
    scale = Fraction(10**pair.token_in.decimals, 10**pair.token_out.decimals)
    price = Fraction(rate, RATE_ONE) * scale
    text = f"{float(price):.18f}"
    return StopTerms(
        price=StatedPrice(text=text, price_in=pair.token_out.mint), condition=Condition.BELOW
    )


def place(world: World, terms: Terms, pair: Pair | None = None) -> OrderId:
    return world.submit(
        pair=pair or selling(LAUNCH),
        amount_in=AMOUNT,
        terms=terms,
        slippage_bps=1_000,
        expires_at=world.clock.at + HOUR,
        trigger_if_met=True,
    )


def oco_out_of_reach(pair: Pair) -> OcoTerms:
    dear, cheap = (
        StatedPrice(text=text, price_in=pair.token_out.mint) for text in ("1000000", "0.000000001")
    )
    return OcoTerms(take_profit=dear, stop=cheap)


# What the pool of LAUNCH never meets.
OUT_OF_REACH: dict[str, Terms] = {
    "limit": LimitTerms(limit=10**18, time_in_force=TimeInForce.GTC),
    "stop": StopTerms(
        price=StatedPrice(text="0.000000001", price_in=LAUNCH.quote.mint),
        condition=Condition.BELOW,
    ),
    "trailing stop": TrailingStopTerms(trailing_bps=9_999),
    "OCO": oco_out_of_reach(selling(LAUNCH)),
}


def failure_of(world: World, order_id: OrderId) -> str:
    details = world.store.get(order_id, ANONYMOUS).events[-1].details
    assert isinstance(details, OrderFailed)
    return details.failure.code


def test_stop_fires_in_the_very_slot_in_which_its_price_is_seen() -> None:
    world = world_with_launch()
    slot = world.rates.current_slot()
    pair = selling(LAUNCH)
    rates = {n: rate_at(world, pair, slot + n) for n in range(1, 40)}
    lowest = min(rates, key=lambda n: rates[n])
    order_id = place(world, stop_at(world, pair, rates[lowest] * 1_000_001 // 1_000_000))

    world.watch(timedelta(seconds=20))
    world.run()

    assert world.order(order_id).status is OrderStatus.CONFIRMED
    trigger = world.store.history[order_id][1].details.trigger
    assert (trigger.slot, trigger.rate) == (slot + lowest, rates[lowest])
    opened = world.store.history[order_id][0]
    assert opened.pair == pair
    assert Observed(world.market).confirms(world.order(order_id), trigger)


def test_trailing_stop_follows_every_slot_from_the_first() -> None:
    world = world_with_launch()
    slot = world.rates.current_slot()
    order_id = place(world, TrailingStopTerms(trailing_bps=5_000))

    world.watch(timedelta(seconds=8))

    [watch] = world.book.watches(order_id)
    seen = [rate_at(world, selling(LAUNCH), s) for s in range(slot + 1, slot + 20)]
    assert watch.mark == max(seen)


def test_limit_is_filled_when_the_token_costs_so_little() -> None:
    world = world_with_launch()
    route = world.deployment.router.find_route
    pair = Pair(token_in=USDC, token_out=LAUNCH.token)
    order_id = world.submit(
        pair=pair,
        amount_in=10**6,
        terms=LimitTerms(limit=1, time_in_force=TimeInForce.GTC),
        expires_at=world.clock.at + HOUR,
    )

    world.run()

    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert route(world.order(order_id).trade).amount_out > 1


def test_prospect_tells_the_rate_of_the_launched_pair() -> None:
    world = world_with_launch()
    pair = selling(LAUNCH)
    rate = rate_at(world, pair, world.rates.current_slot())
    order_id = place(world, stop_at(world, pair, rate // 2))

    prospect = world.deployment.prospects.of(world.order(order_id))

    assert prospect is not None
    assert prospect.rate == rate
    assert 4_999 <= prospect.distances[0].distance_bps <= 5_001


def test_rates_of_launches_are_observed_only_when_they_are_asked_for() -> None:
    world = world_with_launch()
    slot = world.rates.current_slot()
    usual = world.rates.observe(slot)
    buy, sell = mints(buying(LAUNCH)), mints(selling(LAUNCH))

    asked = world.rates.observe(
        slot, [buy, sell, mints(Pair(token_in=USDC, token_out=LAUNCH.token))]
    )

    assert len(usual.rates) == 56
    assert asked.rates.keys() - usual.rates.keys() == {buy, sell, (USDC.mint, LAUNCH.token.mint)}
    assert asked.rates.items() >= usual.rates.items()
    assert 0.95 < asked.rates[buy] * asked.rates[sell] / RATE_ONE**2 < 1
    assert world.rates.observe(slot, [buy]).rates[buy] == asked.rates[buy]
    assert world.rates.observe(slot, [("nobody", sell[1]), *usual.rates]) == usual


def test_no_rate_leads_out_of_a_token_that_cannot_be_sold() -> None:
    launch = trap(Trap.NOT_SELLABLE)
    world = world_with_launch(launch)
    buy, sell = mints(buying(launch)), mints(selling(launch))

    rates = world.rates.observe(world.rates.current_slot(), [buy, sell]).rates

    assert buy in rates
    assert sell not in rates


@pytest.mark.parametrize("kind", OUT_OF_REACH)
def test_order_fails_once_with_a_reason_when_its_launch_is_gone(kind: str) -> None:
    world = world_with_launch()
    order_id = place(world, OUT_OF_REACH[kind])
    world.run()
    assert world.order(order_id).status is OrderStatus.OPEN
    go_to(world, LAUNCH.created_slot + LIFE_SLOTS)
    world.clock.at = max(world.clock.at, world.order(order_id).updated_at)

    world.pass_time(timedelta(seconds=2))

    assert failure_of(world, order_id) == "UNKNOWN_PAIR"
    assert not world.store.watches


def test_exit_fails_once_with_a_reason_when_its_launch_is_gone() -> None:
    world = world_with_launch()
    order_id = place(world, MarketTerms(exit=ExitPlan(stop_loss_bps=9_999)), buying(LAUNCH))
    world.run()
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    go_to(world, LAUNCH.created_slot + LIFE_SLOTS)

    world.pass_time(timedelta(seconds=2))

    assert failure_of(world, exit_id(order_id)) == "UNKNOWN_PAIR"
    assert not world.store.watches


def test_order_waits_on_while_its_launch_is_there() -> None:
    world = world_with_launch()
    order_id = place(world, stop_at(world, selling(LAUNCH), 1))

    world.pass_time(timedelta(seconds=10))

    assert world.order(order_id).status is OrderStatus.OPEN
    assert not world.order_queue.messages


def test_followers_are_told_of_an_order_on_a_launched_token() -> None:
    world = world_with_launch()
    order_id = world.submit(pair=buying(LAUNCH), amount_in=10**8, slippage_bps=1_000)
    world.connect("follower", order_id)

    world.run()
    world.publish()

    statuses = [update["status"] for update in world.updates("follower")]
    assert statuses[-1] == "confirmed"
    message = StatusUpdate(events=tuple(world.store.history[order_id]))
    assert decode_status_message(encode(message)) == message
    assert message.events[0].pair.token_out == LAUNCH.token


def test_watcher_asks_which_pairs_wait_once_for_each_new_slot() -> None:
    world = world_with_launch()
    place(world, TrailingStopTerms(trailing_bps=5_000))
    world.watch()
    world.journal.clear()

    world.watch(timedelta(seconds=4))

    assert len(world.calls("book.pairs")) == len(world.calls("book.tick")) == 10
