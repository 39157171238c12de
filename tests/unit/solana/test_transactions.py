from dataclasses import replace
from itertools import cycle
from struct import pack

import pytest
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.solana.instructions import GUARD_PROGRAM, MEMO_PROGRAM, SWAP_PROGRAMS
from chalicelib.solana.transactions import read_swap
from tests.unit.multi_leg import (
    LARGE,
    MEDIUM,
    ORDER_ID,
    SMALL,
    amount_of,
    named,
    no_limit,
    routed,
    several_legs,
    signed,
)
from tests.world import KEYPAIR, World

WALLET = str(KEYPAIR.pubkey())
# The first bytes of a swap, and in which order its amount and its limit follow.
SWAP_BYTES = {
    SwapMode.EXACT_IN: (bytes.fromhex("8fbe5adac41e33de"), 1),
    SwapMode.EXACT_OUT: (bytes.fromhex("37d96256a34ab4ad"), -1),
}

one_leg = pytest.mark.parametrize("trade", SMALL, ids=named)


def swap_data(mode, amount, limit):
    discriminator, order = SWAP_BYTES[mode]
    return discriminator + pack("<QQ", *(amount, limit)[::order])


def read(wire_bytes):
    """The instructions of a transaction: program, data, accounts."""
    message = VersionedTransaction.from_bytes(wire_bytes).message
    keys = [str(key) for key in message.account_keys]
    return [
        (keys[i.program_id_index], bytes(i.data), [keys[index] for index in i.accounts])
        for i in message.instructions
    ]


@several_legs
def test_transaction_holds_budget_one_swap_per_leg_guard_and_memo(trade):
    world = World()
    route = routed(trade)

    budget, price, *swaps, guard, memo = read(signed(world, route, 12_345).wire_bytes)

    assert budget[:2] == (str(COMPUTE_BUDGET), set_compute_unit_limit(units(route)).data)
    assert price[:2] == (str(COMPUTE_BUDGET), set_compute_unit_price(50_000).data)
    assert swaps == [
        (
            SWAP_PROGRAMS[leg.kind],
            swap_data(trade.mode, amount_of(leg, trade.mode), no_limit(trade.mode)),
            [WALLET, leg.pool_address, leg.input_mint, leg.output_mint],
        )
        for leg in route.legs
    ]
    assert guard == (GUARD_PROGRAM, pack("<Q", 12_345), [])
    assert memo == (MEMO_PROGRAM, f"{ORDER_ID}:2".encode(), [])


def units(route):
    return 20_000 + 120_000 * len(route.legs)


@one_leg
def test_swap_carries_the_limit_itself_when_it_is_alone(trade):
    world = World()
    route = routed(trade)
    (leg,) = route.legs

    budget, price, *rest = read(signed(world, route, 12_345).wire_bytes)

    amount = amount_of(leg, trade.mode)
    assert budget[1] == set_compute_unit_limit(140_000).data
    assert price[1] == set_compute_unit_price(50_000).data
    assert rest == [
        (
            SWAP_PROGRAMS[leg.kind],
            swap_data(trade.mode, amount, 12_345),
            [WALLET, leg.pool_address, leg.input_mint, leg.output_mint],
        ),
        (MEMO_PROGRAM, f"{ORDER_ID}:2".encode(), []),
    ]


@pytest.mark.parametrize("trade", LARGE, ids=named)
def test_transaction_fits_a_packet_when_it_has_eight_legs(trade):
    world = World()
    route = routed(trade)

    transaction = signed(world, route, U64_MAX)

    assert len(route.legs) == 8
    assert len({leg.kind for leg in route.legs}) == 4
    assert len(transaction.wire_bytes) <= 1_232


@pytest.mark.parametrize("mode", SwapMode)
def test_transaction_fits_a_packet_when_eight_legs_are_as_different_as_they_can_be(mode):
    mints = [str(Pubkey.new_unique()) for _ in range(4)]
    hops = [0, 0, 0, 1, 1, 1, 2, 2]

    transaction = signed(
        World(), replace(routed(LARGE[0]), mode=mode, legs=legs_of(hops, mints)), 1
    )

    assert len(transaction.wire_bytes) <= 1_232


def legs_of(hops, mints):
    (leg,) = routed(SMALL[0]).legs
    return tuple(
        replace(
            leg,
            kind=kind,
            pool_address=str(Pubkey.new_unique()),
            input_mint=mints[hop],
            output_mint=mints[hop + 1],
        )
        for hop, kind in zip(hops, cycle(PoolKind), strict=False)
    )


def test_transaction_is_not_signed_when_it_would_not_fit_a_packet():
    mints = [str(Pubkey.new_unique()) for _ in range(2)]

    with pytest.raises(RuntimeError, match="does not fit"):
        signed(World(), replace(routed(LARGE[0]), legs=legs_of([0] * 12, mints)), 1)


@pytest.mark.parametrize("trade", [*LARGE, *MEDIUM, *SMALL], ids=named)
def test_transaction_is_read_back_as_it_was_built(trade):
    world = World()
    route = routed(trade)

    swap = read_swap(VersionedTransaction.from_bytes(signed(world, route, 777).wire_bytes))

    assert (swap.mode, swap.limit, swap.memo) == (trade.mode, 777, f"{ORDER_ID}:2")
    assert (swap.input_mint, swap.output_mint) == (
        trade.pair.token_in.mint,
        trade.pair.token_out.mint,
    )
    assert [
        (leg.kind, leg.pool_address, leg.input_mint, leg.output_mint, leg.amount)
        for leg in swap.legs
    ] == [
        (leg.kind, leg.pool_address, leg.input_mint, leg.output_mint, amount_of(leg, trade.mode))
        for leg in route.legs
    ]
