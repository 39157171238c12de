"""Exits are sold once, when the first of their legs is met, and go the way of every order."""

from datetime import timedelta

import pytest

from chalicelib.domain.orders.order import Order, OrderStatus
from chalicelib.domain.orders.terms import ExitPlan
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.admission.edit import Edit
from chalicelib.simulation.market import SLOT
from tests.unit.engine.exiting import (
    EVERY,
    HOLD,
    HOUR,
    LOSS,
    PROFIT,
    TRAIL,
    bought,
    come,
    fired_by,
    world_of,
)


@pytest.mark.parametrize(
    ("plan", "prices", "kind"),
    [
        (PROFIT, ["224", "100", "230"], "take_profit"),
        (LOSS, ["500", "114", "110"], "stop"),
        (TRAIL, ["200", "185", "183"], "trailing_stop"),
        (EVERY, ["200", "100"], "stop"),
        (EVERY, ["160", "147"], "trailing_stop"),
        (EVERY, ["150", "230"], "take_profit"),
    ],
)
def test_what_was_bought_is_sold_when_its_price_comes(
    plan: ExitPlan, prices: list[str], kind: str
) -> None:
    world = world_of()
    order = bought(world, plan)

    come(world, *prices[:-1])
    before = world.order(order.order_id).status
    come(world, prices[-1])

    assert before is OrderStatus.OPEN
    assert fired_by(world, order) == kind
    [bought_for], [sold_for] = (
        world.landed(order.parent_id or order.order_id),
        world.landed(order.order_id),
    )
    assert sold_for.amount_in == bought_for.amount_out
    assert (sold_for.input_mint, sold_for.output_mint) == (
        bought_for.output_mint,
        bought_for.input_mint,
    )
    assert world.store.watches == {}


@pytest.mark.parametrize("is_known", [True, False])
def test_what_was_bought_is_sold_when_it_has_been_held_for_long(is_known: bool) -> None:
    world = world_of()
    order = bought(world, HOLD)
    if not is_known:
        world.rates.usual = ""

    world.clock.at = order.created_at + HOUR - SLOT
    world.watch(timedelta(0))
    world.watch(timedelta(milliseconds=1))
    before = world.order(order.order_id).status
    world.clock.at = order.created_at + HOUR + SLOT
    world.watch()
    world.run()

    assert before is OrderStatus.OPEN
    assert world.order(order.order_id).status is OrderStatus.CONFIRMED
    assert fired_by(world, order) == "max_hold"
    trigger = world.details(order.order_id, 2)["trigger"]
    assert (trigger["rate"] is not None) is is_known
    assert world.order(order.order_id).triggered_at >= order.created_at + HOUR


@pytest.mark.parametrize("away", [timedelta(days=2), timedelta(days=80)])
def test_what_nobody_sold_in_time_is_sold_later(away: timedelta) -> None:
    world = world_of()
    order = bought(world, HOLD)

    world.clock.at += away
    world.watch()
    world.run()

    assert fired_by(world, order) == "max_hold"
    assert world.order(order.order_id).status is OrderStatus.CONFIRMED


def test_exit_heeds_no_slot_up_to_the_landing() -> None:
    world = world_of()
    order = bought(world, EVERY)
    [entry] = world.landed(order.parent_id or order.order_id)

    assert order.armed_slot == entry.landing_slot
    world.rates.prices = {entry.landing_slot - world.rates.first_slot: "1"}
    world.clock.at += SLOT
    world.watch()
    assert world.order(order.order_id).status is OrderStatus.OPEN


def test_exit_is_cancelled_like_any_order_that_waits() -> None:
    world = world_of()
    order = bought(world, EVERY)

    assert world.cancel(order.order_id).status is OrderStatus.CANCELLED
    come(world, "1")
    assert world.statuses(order.order_id) == ["open", "cancelled"]


def test_edited_exit_is_sold_within_its_new_slippage() -> None:
    world = world_of()
    order = bought(world, EVERY)
    world.watch()

    def wider(seen: Order) -> Edit:
        return Edit(
            terms=seen.terms,
            slippage_bps=2_000,
            expires_at=None,
            trigger_if_met=True,
            changed={"slippageBps": 2_000},
        )

    edited = world.deployment.editor.edit(order.order_id, ANONYMOUS, sequence=1, edit_of=wider)
    come(world, "100")

    assert (edited.slippage_bps, edited.expires_at) == (2_000, order.expires_at)
    assert edited.terms == order.terms
    assert world.order(order.order_id).status is OrderStatus.CONFIRMED
