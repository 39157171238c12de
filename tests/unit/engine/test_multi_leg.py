from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import cycle
from struct import pack

import pytest
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import OrderId, OrderType
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import moment_at_slot, slot_at
from chalicelib.solana.instructions import (
    GUARD_PROGRAM,
    MEMO_PROGRAM,
    SWAP_PROGRAMS,
    GuardInstruction,
    SwapInstruction,
)
from chalicelib.solana.transactions import read_swap
from tests.world import KEYPAIR, World, exact_in, exact_out

ORDER_ID = OrderId("00000000-0000-4000-8000-000000000001")
RAY_WIF, SOL_USDC, SOL_RAY = (
    find_pair("RAY", "WIF"),
    find_pair("SOL", "USDC"),
    find_pair("SOL", "RAY"),
)
# A route of 8 legs over 2 hops, one of several pools, one of a single pool: of each mode.
LARGE = [exact_in(120_000 * 10**6, RAY_WIF), exact_out(220_000 * 10**6, RAY_WIF)]
MEDIUM = [exact_in(500 * 10**9, SOL_USDC), exact_out(80_000 * 10**6, SOL_USDC)]
SMALL = [exact_in(10**9, SOL_RAY), exact_out(30 * 10**6, SOL_RAY)]
WALLET = str(KEYPAIR.pubkey())
# The first bytes of a swap, and in which order its amount and its limit follow.
SWAP_BYTES = {
    SwapMode.EXACT_IN: (bytes.fromhex("8fbe5adac41e33de"), 1),
    SwapMode.EXACT_OUT: (bytes.fromhex("37d96256a34ab4ad"), -1),
}


def named(trade):
    return f"{trade.mode} {trade.pair.token_in.symbol}-{trade.pair.token_out.symbol}"


several_legs = pytest.mark.parametrize("trade", [*LARGE, *MEDIUM], ids=named)
one_leg = pytest.mark.parametrize("trade", SMALL, ids=named)


@cache
def routed(trade):
    """The route at the time when every world begins."""
    return World().deployment.router.find_route(trade)


def signed(world, route, limit, *, trade=SMALL[0]):
    order = accept(
        owner_id=ANONYMOUS,
        order_id=ORDER_ID,
        order_type=OrderType.MARKET,
        trade=trade,
        slippage_bps=100,
        at=world.clock.now(),
    ).order
    return world.wallet.sign_swap(
        order=replace(order, attempt=2),
        route=route,
        limit=limit,
        blockhash=world.chain.latest_blockhash(),
    )


def landed(world, route, limit):
    world.chain.send([signed(world, route, limit)])
    (entry,) = world.ledger.entries.values()
    return entry


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


def no_limit(mode):
    return 0 if mode is SwapMode.EXACT_IN else U64_MAX


def amount_of(leg, mode):
    return leg.amount_in if mode is SwapMode.EXACT_IN else leg.amount_out


def landing_slot(world):
    return slot_at(world.clock.now() + world.pacing.confirmation_first)


def fills_at(world, route, slot):
    legs = [
        Leg(world.market.pool(leg.pool_address, slot), leg.input_mint, amount_of(leg, route.mode))
        for leg in route.legs
    ]
    return fill(legs, route.mode, moment_at_slot(slot))


def total_at(world, route, slot):
    """The amount that follows from the pools, as the route's legs move it at that slot."""
    fills = list(zip(route.legs, fills_at(world, route, slot), strict=True))
    if route.mode is SwapMode.EXACT_IN:
        last = route.legs[-1].output_mint
        return sum(quote.amount_out for leg, quote in fills if leg.output_mint == last)
    first = route.legs[0].input_mint
    return sum(quote.amount_in for leg, quote in fills if leg.input_mint == first)


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


@pytest.mark.parametrize("trade", [*LARGE, *MEDIUM, *SMALL], ids=named)
@pytest.mark.parametrize("latency_seconds", [0, 2.5, 20])
def test_legs_move_what_the_pools_of_the_landing_slot_quote(trade, latency_seconds):
    world = World(latency=timedelta(seconds=latency_seconds))
    route = routed(trade)
    slot = landing_slot(world)

    entry = landed(world, route, no_limit(trade.mode))

    assert (entry.landing_slot, entry.error_code) == (slot, None)
    assert [(leg.pool_address, leg.input_mint, leg.output_mint) for leg in entry.legs] == [
        (leg.pool_address, leg.input_mint, leg.output_mint) for leg in route.legs
    ]
    assert [(leg.amount_in, leg.amount_out) for leg in entry.legs] == [
        (quote.amount_in, quote.amount_out) for quote in fills_at(world, route, slot)
    ]
    exact, other = (
        (entry.amount_in, entry.amount_out)
        if trade.mode is SwapMode.EXACT_IN
        else (entry.amount_out, entry.amount_in)
    )
    assert (exact, other) == (trade.amount, total_at(world, route, slot))


@pytest.mark.parametrize("trade", [*LARGE, *MEDIUM, *SMALL], ids=named)
@pytest.mark.parametrize(
    ("beyond", "error_code"), [(0, None), (1, "SLIPPAGE_EXCEEDED")], ids=["just", "beyond"]
)
def test_swap_fails_whole_when_its_total_is_one_unit_beyond_the_limit(trade, beyond, error_code):
    world = World(latency=timedelta(seconds=2.5))
    route = routed(trade)
    total = total_at(world, route, landing_slot(world))
    is_exact_in = trade.mode is SwapMode.EXACT_IN

    entry = landed(world, route, total + beyond if is_exact_in else total - beyond)

    assert entry.error_code == error_code
    assert bool(entry.legs) == (error_code is None)
    if error_code:
        assert (entry.amount_in, entry.amount_out) == (None, None)


@several_legs
def test_swap_fails_whole_when_one_leg_calls_another_program(trade):
    world = World()
    route = routed(trade)
    last = route.legs[-1]
    other = next(kind for kind in PoolKind if kind is not last.kind)

    entry = landed(
        world,
        replace(route, legs=(*route.legs[:-1], replace(last, kind=other))),
        no_limit(trade.mode),
    )

    assert (entry.error_code, entry.legs, entry.amount_out) == ("WRONG_PROGRAM", (), None)


@several_legs
def test_swap_fails_whole_when_one_pool_is_not_listed(trade):
    world = World()
    route = routed(trade)
    unknown = replace(route.legs[-1], pool_address=str(Pubkey.new_unique()))

    entry = landed(world, replace(route, legs=(*route.legs[:-1], unknown)), no_limit(trade.mode))

    assert (entry.error_code, entry.legs, entry.amount_out) == ("POOL_NOT_LISTED", (), None)


def test_swap_fails_when_its_pool_is_listed_after_the_landing_slot():
    route = routed(SMALL[0])
    (leg,) = route.legs
    later = [replace(pool, listed_at_slot=route.slot + 1) for pool in POOLS]
    world = World(listings=tuple(pool for pool in later if pool.address == leg.pool_address))

    assert landed(world, route, 0).error_code == "POOL_NOT_LISTED"


@pytest.mark.parametrize("name", ["input_mint", "output_mint"])
def test_swap_fails_when_its_pool_does_not_trade_the_mint(name):
    world = World()
    route = routed(SMALL[0])
    other = find_pair("BONK", "SOL").token_in.mint
    (leg,) = route.legs

    entry = landed(world, replace(route, legs=(replace(leg, **{name: other}),)), 0)

    assert (entry.error_code, entry.legs) == ("MINT_NOT_IN_POOL", ())


@pytest.mark.parametrize("trade", LARGE, ids=named)
def test_swap_fails_whole_when_a_hop_is_given_no_weight(trade):
    world = World()
    route = routed(trade)
    is_exact_in = trade.mode is SwapMode.EXACT_IN
    weighted = route.legs[-1].input_mint if is_exact_in else route.legs[0].input_mint
    legs = tuple(
        replace(leg, amount_in=0, amount_out=0) if leg.input_mint == weighted else leg
        for leg in route.legs
    )

    entry = landed(world, replace(route, legs=legs), no_limit(trade.mode))

    assert (entry.error_code, entry.legs) == ("ZERO_AMOUNT", ())


def swap(pool="pool", mints="AB", mode=SwapMode.EXACT_IN, accounts=4):
    named = [Pubkey(name.encode().ljust(32)) for name in (pool, *mints)]
    metas = [AccountMeta(key, False, False) for key in (KEYPAIR.pubkey(), *named)]
    data = SwapInstruction(mode=mode, amount=1, limit=1).to_bytes()
    program = Pubkey.from_string(SWAP_PROGRAMS[PoolKind.CPMM])
    return Instruction(program, data, metas[:accounts])


GUARD = Instruction(Pubkey.from_string(GUARD_PROGRAM), GuardInstruction(1).to_bytes(), [])
SHORT_GUARD = Instruction(Pubkey.from_string(GUARD_PROGRAM), b"\1", [])
MEMO = Instruction(Pubkey.from_string(MEMO_PROGRAM), b"memo", [])
NO_SWAP = Instruction(Pubkey.from_string(SWAP_PROGRAMS[PoolKind.CLMM]), bytes(24), [])


def transaction(*instructions):
    message = MessageV0.try_compile(KEYPAIR.pubkey(), instructions, [], Hash.default())
    return VersionedTransaction(message, [KEYPAIR])


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ([GUARD, MEMO], "holds no swap"),
        ([swap("one"), swap("two", mode=SwapMode.EXACT_OUT), GUARD], "different modes"),
        ([swap("one"), swap("two")], "without a limit"),
        ([swap("one"), swap("one"), GUARD], "used twice"),
        ([swap("one"), swap("one", "BA"), GUARD], "used twice"),
        ([swap("one", "AB"), swap("two", "CD"), GUARD], "do not follow"),
        ([swap("one", "AB"), swap("two", "AC"), GUARD], "do not follow"),
        ([swap("one", "AC"), swap("two", "BC"), GUARD], "do not follow"),
        ([swap("one", "BC"), swap("two", "AB"), GUARD], "do not follow"),
        ([swap("1", "AB"), swap("2", "BC"), swap("3", "AB"), GUARD], "do not follow"),
        ([swap("one", accounts=3)], "too few accounts"),
        ([NO_SWAP], "not a swap"),
        ([swap("one"), swap("two"), SHORT_GUARD], "not a guard"),
    ],
    ids=[
        "no swap",
        "mixed modes",
        "no guard",
        "pool twice",
        "pool twice back",
        "gap",
        "other output",
        "other input",
        "backwards",
        "hop resumed",
        "few accounts",
        "other data",
        "short guard",
    ],
)
def test_transaction_is_not_read_when_it_is_malformed(instructions, reason):
    with pytest.raises(ValueError, match=reason):
        read_swap(transaction(*instructions))


def test_transaction_is_read_when_its_legs_share_a_hop_and_follow_each_other():
    legs = [swap("1", "AB"), swap("2", "AB"), swap("3", "BC"), swap("4", "CD"), swap("5", "CD")]

    read_back = read_swap(transaction(*legs, GUARD, MEMO))

    assert len(read_back.legs) == 5
    assert (read_back.limit, read_back.memo) == (1, "memo")
