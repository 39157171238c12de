import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.solana.instructions import (
    GUARD_PROGRAM,
    MEMO_PROGRAM,
    SWAP_PROGRAMS,
    GuardInstruction,
    SwapInstruction,
)
from chalicelib.solana.transactions import read_swap
from tests.world import KEYPAIR

GUARD = Instruction(Pubkey.from_string(GUARD_PROGRAM), GuardInstruction(1).to_bytes(), [])
SHORT_GUARD = Instruction(Pubkey.from_string(GUARD_PROGRAM), b"\1", [])
MEMO = Instruction(Pubkey.from_string(MEMO_PROGRAM), b"memo", [])
NO_SWAP = Instruction(Pubkey.from_string(SWAP_PROGRAMS[PoolKind.CLMM]), bytes(24), [])


def swap(pool="pool", mints="AB", mode=SwapMode.EXACT_IN, accounts=4):
    named = [Pubkey(name.encode().ljust(32)) for name in (pool, *mints)]
    metas = [AccountMeta(key, False, False) for key in (KEYPAIR.pubkey(), *named)]
    data = SwapInstruction(mode=mode, amount=1, limit=1).to_bytes()
    program = Pubkey.from_string(SWAP_PROGRAMS[PoolKind.CPMM])
    return Instruction(program, data, metas[:accounts])


def transaction(*instructions):
    message = MessageV0.try_compile(KEYPAIR.pubkey(), instructions, [], Hash.default())
    return VersionedTransaction(message, [KEYPAIR])


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ([GUARD, MEMO], "holds no swap"),
        ([swap("one"), swap("two", mode=SwapMode.EXACT_OUT), GUARD], "different modes"),
        ([swap("one"), swap("two")], "have no limit"),
        ([swap("one"), swap("one"), GUARD], "used twice"),
        ([swap("one"), swap("one", "BA"), GUARD], "used twice"),
        ([swap("one", "AB"), swap("two", "CD"), GUARD], "do not connect"),
        ([swap("one", "AB"), swap("two", "AC"), GUARD], "do not connect"),
        ([swap("one", "AC"), swap("two", "BC"), GUARD], "do not connect"),
        ([swap("one", "BC"), swap("two", "AB"), GUARD], "do not connect"),
        ([swap("1", "AB"), swap("2", "BC"), swap("3", "AB"), GUARD], "do not connect"),
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
