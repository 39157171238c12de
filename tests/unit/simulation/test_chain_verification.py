from dataclasses import replace
from datetime import timedelta

import pytest
from solders.hash import Hash

from chalicelib.engine.ports.chain import Blockhash
from chalicelib.simulation.market import SLOT, slot_at
from tests.swaps import LIFE_BLOCKS, signed
from tests.world import World


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
