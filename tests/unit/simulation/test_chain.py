from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from solders.hash import Hash

from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import Order, OrderId, OrderType, SignedTransaction
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.routing.best_route import find_route
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.ports.chain import Blockhash, Landing
from chalicelib.simulation.market import SLOT, moment_at_slot, slot_at
from tests.world import ONE_SOL, SOL_USDC, World, exact_in

ALL = 10_000
LIFE_BLOCKS = 150


def order(world: World, number: int = 1) -> Order:
    return accept(
        order_id=OrderId(f"00000000-0000-4000-8000-{number:012d}"),
        order_type=OrderType.MARKET,
        trade=exact_in(),
        slippage_bps=100,
        at=world.clock.now(),
    ).order


def signed(
    world: World,
    *,
    number: int = 1,
    limit: int = 1,
    blockhash: Blockhash | None = None,
) -> SignedTransaction:
    return world.wallet.sign_swap(
        order=order(world, number),
        route=routed(world),
        limit=limit,
        blockhash=blockhash or world.chain.latest_blockhash(),
    )


def cpmm_pools(world: World, slot: int) -> list[Any]:
    """The pool of SOL/USDC whose curve is one line to compute."""
    pools = world.market.pools(slot, venue="raydium", pair=SOL_USDC)
    return [pool for pool in pools if pool.kind is PoolKind.CPMM]


def routed(world: World) -> Route:
    """A route of one leg."""
    slot = slot_at(world.clock.now())
    mints = SOL_USDC.token_in.mint, SOL_USDC.token_out.mint
    return find_route(cpmm_pools(world, slot), *mints, ONE_SOL, moment_at_slot(slot))


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


def test_wallet_gives_the_same_bytes_when_order_attempt_and_blockhash_are_the_same() -> None:
    world = World()

    assert signed(world) == signed(world)
    assert signed(world).signature != signed(world, number=2).signature


def test_wallet_signs_another_transaction_when_the_attempt_is_another() -> None:
    world = World()
    first, second = (replace(order(world), attempt=attempt) for attempt in (1, 2))
    route, blockhash = routed(world), world.chain.latest_blockhash()

    signatures = {
        world.wallet.sign_swap(order=attempt, route=route, limit=1, blockhash=blockhash).signature
        for attempt in (first, second)
    }

    assert len(signatures) == 2


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


def test_transaction_never_lands_when_any_byte_of_it_was_tampered_with() -> None:
    world = World()
    transaction = signed(world)

    for position in range(len(transaction.wire_bytes)):
        tampered = bytearray(transaction.wire_bytes)
        tampered[position] ^= 1
        world.chain.send([replace(transaction, wire_bytes=bytes(tampered))])

    assert not world.ledger.entries


def test_transaction_never_lands_when_something_is_behind_its_end() -> None:
    world = World()
    transaction = signed(world)

    world.chain.send([replace(transaction, wire_bytes=transaction.wire_bytes + b"\0")])

    assert not world.ledger.entries


def test_transaction_never_lands_when_nobody_signed_it() -> None:
    world = World()
    transaction = signed(world)
    # One signature of 64 bytes stands behind its count.
    unsigned = b"\0" + transaction.wire_bytes[65:]

    world.chain.send([replace(transaction, wire_bytes=unsigned)])

    assert not world.ledger.entries


@pytest.mark.parametrize(
    ("blocks_later", "lands"), [(0, True), (LIFE_BLOCKS, True), (LIFE_BLOCKS + 1, False)]
)
def test_transaction_lands_only_while_its_blockhash_is_valid(
    blocks_later: int, lands: bool
) -> None:
    world = World()
    transaction = signed(world)
    world.clock.at += SLOT * blocks_later

    world.chain.send([transaction])

    assert bool(world.ledger.entries) == lands
    assert transaction.last_valid_block_height == slot_at(world.clock.now()) - blocks_later + 150


@pytest.mark.parametrize(("blocks_left", "lands"), [(8, True), (7, False)])
def test_transaction_lands_only_when_it_arrives_before_its_blockhash_expires(
    blocks_left: int, lands: bool
) -> None:
    world = World(latency=timedelta(seconds=4))
    assert world.pacing.confirmation_first // SLOT == 8
    transaction = signed(world)
    world.clock.at += SLOT * (LIFE_BLOCKS - blocks_left)

    world.chain.send([transaction])

    assert bool(world.ledger.entries) == lands


@pytest.mark.parametrize(
    "value",
    [
        str(Hash.default()),
        World(seed="another").chain.latest_blockhash().value,
        str(Hash.hash(b"made up")),
    ],
    ids=["zero", "of another chain", "made up"],
)
def test_transaction_does_not_land_when_its_blockhash_is_unknown(value: str) -> None:
    world = World()
    blockhash = Blockhash(value=value, last_valid_block_height=10**12)
    transaction = signed(world, blockhash=blockhash)

    world.chain.send([transaction])

    assert not world.ledger.entries


def test_transaction_does_not_land_when_its_blockhash_is_of_the_future() -> None:
    later, world = World(), World()
    later.clock.at += SLOT
    transaction = signed(world, blockhash=later.chain.latest_blockhash())

    world.chain.send([transaction])

    assert not world.ledger.entries


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
