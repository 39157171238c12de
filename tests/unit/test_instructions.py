import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.instructions import MEMO_PROGRAM, SWAP_PROGRAMS, SwapInstruction

u64 = st.integers(min_value=0, max_value=U64_MAX)
SWAP = SwapInstruction(amount_in=1, min_amount_out=258)
SWAP_BYTES = bytes.fromhex("f8c69e91e17587c801000000000000000201000000000000")


def test_instruction_is_discriminator_and_two_little_endian_numbers() -> None:
    assert SWAP.to_bytes() == SWAP_BYTES


def test_instruction_begins_with_the_hash_of_its_anchor_name() -> None:
    assert SWAP.to_bytes()[:8] == hashlib.sha256(b"global:swap").digest()[:8]


@given(amount_in=u64, min_amount_out=u64)
def test_instruction_comes_back_when_packed_and_unpacked(
    amount_in: int, min_amount_out: int
) -> None:
    swap = SwapInstruction(amount_in=amount_in, min_amount_out=min_amount_out)

    assert SwapInstruction.from_bytes(swap.to_bytes()) == swap


@pytest.mark.parametrize(
    "data",
    [b"", SWAP_BYTES[:-1], SWAP_BYTES + b"\0", b"\0" + SWAP_BYTES[1:]],
    ids=["empty", "short", "long", "another discriminator"],
)
def test_instruction_is_not_read_when_the_bytes_are_another(data: bytes) -> None:
    assert SwapInstruction.from_bytes(data) is None


@pytest.mark.parametrize("address", [MEMO_PROGRAM, *SWAP_PROGRAMS.values()])
def test_program_is_a_solana_address(address: str) -> None:
    assert str(Pubkey.from_string(address)) == address
