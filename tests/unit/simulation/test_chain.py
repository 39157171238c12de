from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.order import SignedTransaction
from chalicelib.engine.ports.chain import Landing
from chalicelib.simulation.market import SLOT, slot_at
from tests.swaps import cpmm_pools, routed, signed
from tests.world import ONE_SOL, World

ALL = 10_000


def landing(world: World, transaction: SignedTransaction) -> Any:
    return world.chain.statuses([transaction.signature]).landings.get(transaction.signature)


def expected_amount_out(world: World, slot: int) -> int:
    """The constant product by another way: what the reserves at that slot leave for the trader."""
    (pool,) = cpmm_pools(world, slot)
    reserve_0 = pool.vault_0 - pool.protocol_fees_0 - pool.fund_fees_0
    reserve_1 = pool.vault_1 - pool.protocol_fees_1 - pool.fund_fees_1
    fee_amount = -(-ONE_SOL * pool.trade_fee_rate // 1_000_000)
    left = -(-reserve_0 * reserve_1 // (reserve_0 + ONE_SOL - fee_amount))
    return int(reserve_1 - left)


def test_transaction_lands_at_once_when_there_is_no_latency() -> None:
    world = World()
    transaction = signed(world)

    world.chain.send([transaction])

    slot = slot_at(world.clock.now())
    assert landing(world, transaction) == Landing(
        slot=slot,
        amount_in=ONE_SOL,
        amount_out=expected_amount_out(world, slot),
        error_code=None,
    )


def test_transaction_is_unknown_until_its_landing_slot_when_there_is_latency() -> None:
    world = World(latency=timedelta(seconds=4))
    transaction = signed(world)
    latency = world.pacing.confirmation_first
    landing_slot = slot_at(world.clock.now() + latency)

    world.chain.send([transaction])

    assert landing(world, transaction) is None
    world.clock.at += latency - SLOT
    assert landing(world, transaction) is None
    world.clock.at += SLOT
    assert landing(world, transaction).slot == landing_slot


@pytest.mark.parametrize("latency_seconds", [0, 1, 7, 30])
def test_amount_out_is_that_of_the_landing_slot(latency_seconds: int) -> None:
    world = World(latency=timedelta(seconds=latency_seconds))
    transaction = signed(world)

    world.chain.send([transaction])

    (entry,) = world.ledger.entries.values()
    assert entry.amount_out == expected_amount_out(world, entry.landing_slot)
    assert entry.wire_bytes == transaction.wire_bytes


@pytest.mark.parametrize(
    ("more_than_filled", "error_code"), [(0, None), (1, "SLIPPAGE_EXCEEDED")], ids=["just", "less"]
)
def test_swap_fails_whole_when_it_would_give_less_than_asked_for(
    more_than_filled: int, error_code: str | None
) -> None:
    world = World()
    filled = routed(world).amount_out
    transaction = signed(world, limit=filled + more_than_filled)

    world.chain.send([transaction])

    found = landing(world, transaction)
    assert found.error_code == error_code
    assert found.amount_out == (filled if error_code is None else None)


def test_others_land_when_one_cannot_be_read() -> None:
    world = World()
    good, bad = signed(world), replace(signed(world, number=2), wire_bytes=b"none")

    world.chain.send([bad, good])

    assert world.ledger.entries.keys() == {good.signature}


def test_same_bytes_land_once_when_they_are_sent_again() -> None:
    world = World()
    transaction = signed(world)
    world.chain.send([transaction, transaction])
    first = dict(world.ledger.entries)
    world.clock.at += SLOT * 10

    world.chain.send([transaction])

    assert world.ledger.entries == first
    assert len(first) == 1


def test_dropped_bytes_land_later_when_they_are_sent_again() -> None:
    world = World(drop_rate_bps=5_000)
    transactions = [signed(world, number=n) for n in range(40)]

    landed = []
    for _ in range(12):
        world.chain.send(transactions)
        landed.append(len(world.ledger.entries))
        world.clock.at += SLOT

    assert 10 < landed[0] < 30
    assert landed == sorted(landed)
    assert landed[-1] == len(transactions)


def test_nothing_lands_when_everything_is_dropped() -> None:
    world = World(drop_rate_bps=ALL)

    world.chain.send([signed(world, number=n) for n in range(20)])

    assert not world.ledger.entries


def test_transactions_land_as_failed_at_the_rate_that_is_set() -> None:
    world = World(failure_rate_bps=2_500)

    world.chain.send([signed(world, number=n) for n in range(200)])

    failed = [e for e in world.ledger.entries.values() if e.error_code == "TRANSACTION_FAILED"]
    assert 30 < len(failed) < 70
    assert all((e.amount_in, e.amount_out, e.legs) == (None, None, ()) for e in failed)
    assert len(world.ledger.entries) == 200


def test_blocks_are_final_when_they_are_32_deep() -> None:
    world = World()

    height = world.chain.statuses([]).finalized_block_height

    assert height == slot_at(world.clock.now()) - 32


def test_statuses_tell_of_the_signatures_asked_for_only() -> None:
    world = World()
    asked, other, unsent = (signed(world, number=n) for n in range(3))
    world.chain.send([asked, other])

    landings = world.chain.statuses([asked.signature, unsent.signature]).landings

    assert landings.keys() == {asked.signature}
