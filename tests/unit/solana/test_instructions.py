import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.solana.instructions import (
    COMPUTE_BUDGET_PROGRAM,
    GUARD_PROGRAM,
    MEMO_PROGRAM,
    SWAP_PROGRAMS,
    GuardInstruction,
    SwapInstruction,
)

u64 = st.integers(min_value=0, max_value=U64_MAX)
EXACT_IN = SwapInstruction(mode=SwapMode.EXACT_IN, amount=1, limit=258)
EXACT_OUT = SwapInstruction(mode=SwapMode.EXACT_OUT, amount=258, limit=1)
SWAP_BYTES = bytes.fromhex("8fbe5adac41e33de01000000000000000201000000000000")


def test_instruction_is_discriminator_input_and_output_as_little_endian_numbers() -> None:
    assert EXACT_IN.to_bytes() == SWAP_BYTES
    assert EXACT_OUT.to_bytes()[8:] == SWAP_BYTES[8:]


@pytest.mark.parametrize(
    ("swap", "name"), [(EXACT_IN, "swap_base_input"), (EXACT_OUT, "swap_base_output")]
)
def test_instruction_begins_with_the_hash_of_its_anchor_name(
    swap: SwapInstruction, name: str
) -> None:
    assert swap.to_bytes()[:8] == hashlib.sha256(f"global:{name}".encode()).digest()[:8]


@given(mode=st.sampled_from(SwapMode), amount=u64, limit=u64)
def test_instruction_comes_back_when_packed_and_unpacked(
    mode: SwapMode, amount: int, limit: int
) -> None:
    swap = SwapInstruction(mode=mode, amount=amount, limit=limit)

    assert SwapInstruction.from_bytes(swap.to_bytes()) == swap


@given(limit=u64)
def test_guard_comes_back_when_packed_and_unpacked(limit: int) -> None:
    assert GuardInstruction.from_bytes(GuardInstruction(limit).to_bytes()).limit == limit


@pytest.mark.parametrize(
    "data",
    [b"", SWAP_BYTES[:-1], SWAP_BYTES + b"\0", b"\0" + SWAP_BYTES[1:]],
    ids=["empty", "short", "long", "another discriminator"],
)
def test_instruction_is_not_read_when_the_bytes_are_another(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a swap"):
        SwapInstruction.from_bytes(data)


def test_guard_is_not_read_when_the_bytes_are_another() -> None:
    with pytest.raises(ValueError, match="not a guard"):
        GuardInstruction.from_bytes(SWAP_BYTES)


@pytest.mark.parametrize(
    "address",
    [MEMO_PROGRAM, COMPUTE_BUDGET_PROGRAM, GUARD_PROGRAM, *SWAP_PROGRAMS.values()],
)
def test_program_is_a_solana_address(address: str) -> None:
    assert str(Pubkey.from_string(address)) == address
