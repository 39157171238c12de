"""Orders that buy, and whose exits are sold by the rates that a test writes."""

from datetime import timedelta

from chalicelib.domain.orders.exits import exit_id
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import ExitPlan, MarketTerms, Terms
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.market import SLOT
from tests.unit.engine.scripted_rates import ScriptedRates
from tests.world import World

BUY = find_pair("USDC", "SOL")
PAID = 150 * 10**6
HOUR = timedelta(hours=1)
PROFIT, LOSS = ExitPlan(take_profit_bps=5_000), ExitPlan(stop_loss_bps=2_500)
TRAIL, HOLD = ExitPlan(trailing_bps=800), ExitPlan(hold_seconds_max=3_600)
EVERY = ExitPlan(
    take_profit_bps=5_000, stop_loss_bps=2_500, trailing_bps=800, hold_seconds_max=3_600
)


def world_of(**options: object) -> World:
    world = World(**options)
    world.rates = ScriptedRates(clock=world.clock)
    return world


def buy(world: World, terms: Terms, **options: int) -> OrderId:
    return world.submit(**{"amount_in": PAID, **options}, pair=BUY, terms=terms)


def bought(world: World, plan: ExitPlan) -> Order:
    """The exit of an order that has been confirmed."""
    order_id = buy(world, MarketTerms(exit=plan))
    world.run()
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    return world.order(exit_id(order_id))


def come(world: World, *prices: str) -> None:
    """Let slots of these prices pass; from then on a SOL costs what it did in the last."""
    first = world.rates.current_slot() + 1 - world.rates.first_slot
    world.rates.prices = {first + number: price for number, price in enumerate(prices)}
    world.rates.usual = prices[-1]
    world.clock.at += len(prices) * SLOT
    world.watch()
    world.run()


def fired_by(world: World, order: Order) -> str:
    kinds = [
        world.details(order.order_id, event.sequence)["trigger"]["kind"]
        for event in world.store.history[order.order_id]
        if event.status == "routing"
    ]
    [kind] = kinds
    return str(kind)
