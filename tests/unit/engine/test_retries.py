from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import find_pair
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.execution.steps import backoff
from chalicelib.simulation.chain import FINALIZED_BEHIND_BLOCKS
from chalicelib.simulation.market import POOLS, slot_at
from tests.world import SOL_USDC, World, ticks

ALL = 10_000
ATTEMPT = ["routing", "building", "submitted"]


def sent_bytes(world: World) -> list[bytes]:
    return [sent.wire_bytes for call in world.calls("chain.send") for sent in call.arguments[0]]


def failure(world: World, order_id: OrderId) -> dict[str, object]:
    event = world.store.history[order_id][-1]
    code = world.details(order_id, event.sequence).get("code")
    return {"status": event.status, "attempt": event.attempt, "code": code}


def test_same_bytes_are_sent_again_when_the_network_drops_them() -> None:
    world = World(drop_rate_bps=5_000, latency=timedelta(seconds=2.5))
    order_id = world.submit()

    world.run()

    assert len(sent_bytes(world)) > 1
    assert len(set(sent_bytes(world))) == len(world.calls("wallet.sign_swap")) == 1
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert len(world.landed(order_id)) == 1


def test_nothing_is_sent_again_when_the_answer_may_still_be_on_its_way() -> None:
    world = World(drop_rate_bps=ALL)
    world.submit()
    last_poll = world.clock.now() + world.pacing.rebroadcast_after - world.pacing.confirmation_poll

    world.execute(world.take(), has_time=lambda: world.clock.now() < last_poll)

    assert len(sent_bytes(world)) == 1


def test_nothing_new_is_signed_before_the_blockhash_of_the_old_one_has_expired() -> None:
    world = World(drop_rate_bps=ALL)
    order_id = world.submit()

    world.run()

    history = world.store.history[order_id]
    valid_through = {
        event.attempt: world.details(order_id, event.sequence)["last_valid_block_height"]
        for event in history
        if event.status is OrderStatus.BUILDING
    }
    given_up = {
        event.attempt - (event.status is OrderStatus.ROUTING): event.occurred_at
        for event in history
        if world.details(order_id, event.sequence).keys() & {"retry_of", "code"}
    }
    assert given_up.keys() == valid_through.keys() == {1, 2, 3}
    for attempt, height in valid_through.items():
        assert slot_at(given_up[attempt]) - FINALIZED_BEHIND_BLOCKS > height
    assert len(set(sent_bytes(world))) == len(world.calls("wallet.sign_swap")) == 3


@pytest.mark.parametrize(
    ("network", "code"),
    [
        ({"failure_rate_bps": ALL}, "TRANSACTION_FAILED"),
        ({"drop_rate_bps": ALL}, "BLOCKHASH_EXPIRED"),
    ],
    ids=["failed on chain", "expired"],
)
def test_order_fails_with_the_reason_when_three_attempts_are_used_up(
    network: dict[str, Any], code: str
) -> None:
    world = World(**network)
    order_id = world.submit()

    world.run()

    assert world.statuses(order_id) == ["pending", *ATTEMPT * 3, "failed"]
    assert failure(world, order_id) == {"status": "failed", "attempt": 3, "code": code}
    assert all(entry.amount_out is None for entry in world.landed(order_id))


def test_attempts_are_told_apart_on_chain_when_each_of_them_failed() -> None:
    world = World(failure_rate_bps=ALL)
    order_id = world.submit()

    world.run()

    entries = world.landed(order_id)
    assert [entry.memo for entry in entries] == [f"{order_id}:{n}" for n in (1, 2, 3)]
    assert {entry.error_code for entry in entries} == {"TRANSACTION_FAILED"}


def test_next_attempt_says_what_the_last_one_failed_of() -> None:
    world = World(failure_rate_bps=ALL)
    order_id = world.submit()

    world.run()

    second = world.store.history[order_id][4]
    assert (second.status, second.attempt) == (OrderStatus.ROUTING, 2)
    assert world.details(order_id, 5)["retry_of"]["code"] == "TRANSACTION_FAILED"


def test_order_is_retried_when_the_price_moves_beyond_its_slippage() -> None:
    world = World(latency=timedelta(seconds=2.5))
    order_id = world.submit(slippage_bps=0)

    world.run()

    first = world.landed(order_id)[0]
    assert (first.error_code, first.amount_out) == ("SLIPPAGE_EXCEEDED", None)
    assert world.details(order_id, 5)["retry_of"] == {
        "code": "SLIPPAGE_EXCEEDED",
        "message": "slippage exceeded",
    }


def test_chain_shows_one_swap_exactly_for_confirmed_orders_when_the_network_is_bad() -> None:
    world = World(drop_rate_bps=4_000, failure_rate_bps=4_000, latency=timedelta(milliseconds=600))
    order_ids = [world.submit(slippage_bps=0) for _ in range(40)]

    world.run()

    outcomes = {order_id: world.order(order_id).status for order_id in order_ids}
    assert set(outcomes.values()) == {OrderStatus.CONFIRMED, OrderStatus.FAILED}
    for order_id, status in outcomes.items():
        swaps = [entry for entry in world.landed(order_id) if entry.error_code is None]
        assert len(swaps) == (status is OrderStatus.CONFIRMED)
        sequences = [event.sequence for event in world.store.history[order_id]]
        assert sequences == list(range(1, len(sequences) + 1))


def test_order_fails_at_once_when_the_listed_pools_of_its_pair_do_not_stand_yet() -> None:
    listings = tuple(
        listed if listed.trades(SOL_USDC) else replace(listed, listed_at_slot=2**40)
        for listed in POOLS
    )
    world = World(listings=listings)
    order_id = world.submit(pair=find_pair("BONK", "USDT"))

    world.run()

    assert world.statuses(order_id) == ["pending", "routing", "failed"]
    assert failure(world, order_id) == {"status": "failed", "attempt": 1, "code": "UNKNOWN_PAIR"}
    assert not world.calls("wallet.sign_swap", "chain.send")


def test_order_takes_the_other_venue_when_one_does_not_answer() -> None:
    world = World()
    order_id = world.submit()
    world.outages["meteora"] = QuoteTimeoutError()

    world.run()

    quotes = world.details(order_id, 3)["quotes"]
    assert {quote["venue"] for quote in quotes} == {"raydium"}
    assert world.order(order_id).status is OrderStatus.CONFIRMED


def test_order_is_routed_again_when_no_venue_answers_in_time() -> None:
    world = World()
    order_id = world.submit()
    world.outages |= {"raydium": QuoteTimeoutError(), "meteora": QuoteTimeoutError()}
    world.meanwhile("clock.sleep", world.outages.clear)

    world.run()

    assert world.statuses(order_id) == ["pending", "routing", *ATTEMPT, "confirmed"]
    assert world.details(order_id, 3)["retry_of"]["code"] == "QUOTE_TIMEOUT"
    assert world.order(order_id).attempt == 2


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 0.25, 0.5), (2, 0.5, 1), (3, 1, 2), (5, 4, 8), (9, 4, 8)],
    ids=["first", "second", "third", "fifth", "capped"],
)
def test_backoff_doubles_and_is_half_random(attempt: int, least: float, most: float) -> None:
    random = Random(1)

    waits = [backoff(attempt, Pacing(), random).total_seconds() for _ in range(200)]

    assert least <= min(waits) < least * 1.1
    assert most * 0.95 < max(waits) <= most


def test_order_is_confirmed_when_another_cannot_be_sent_again() -> None:
    world = World()
    first, second = world.submit(), world.submit()
    world.execute(world.take(), has_time=ticks(4))
    lost = world.order(second).transaction
    assert lost is not None
    del world.ledger.entries[lost.signature]
    world.clock.sleep(world.pacing.rebroadcast_after.total_seconds())
    world.outages["chain.send"] = UnavailableError("down")

    world.execute(world.take(), has_time=ticks(2))

    assert world.order(first).status is OrderStatus.CONFIRMED
    assert world.order(second).status is OrderStatus.SUBMITTED
    world.outages.clear()
    world.run()
    assert world.order(second).status is OrderStatus.CONFIRMED
