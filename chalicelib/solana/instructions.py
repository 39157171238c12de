"""The bytes of a swap's instructions, so that builder and chain agree on them without knowing each
other."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import PoolKind

MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111"
# The programs of the main network.
SWAP_PROGRAMS: Mapping[PoolKind, str] = {
    PoolKind.CPMM: "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C",
    PoolKind.CLMM: "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
    PoolKind.DLMM: "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
    PoolKind.DAMM_V2: "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG",
}
# A program of the simulation's own: what several legs move together is judged after the last one.
GUARD_PROGRAM = "Guard11111111111111111111111111111111111111"

# What a transaction asks of the compute budget: so much, and so much for each leg.
COMPUTE_UNITS_BASE = 20_000
COMPUTE_UNITS_PER_LEG = 120_000
# The network refuses what does not fit one packet.
TRANSACTION_BYTES_MAX = 1_232

# First 8 bytes of sha256("global:<name>"): how Anchor programs name their instructions.
_DISCRIMINATORS = {
    SwapMode.EXACT_IN: bytes.fromhex("8fbe5adac41e33de"),  # swap_base_input
    SwapMode.EXACT_OUT: bytes.fromhex("37d96256a34ab4ad"),  # swap_base_output
}
_MODES = {discriminator: mode for mode, discriminator in _DISCRIMINATORS.items()}
_SWAP = struct.Struct("<8sQQ")
_GUARD = struct.Struct("<Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapInstruction:
    """One leg: swap for at least, or at most, `limit` base units, or fail the transaction.

    `amount` is of the input mint for exact-in, of the output mint for exact-out; of a mint between
    two hops it is a weight (see fills.py). Its accounts, in order: the trader, the pool, the input
    mint, the output mint.
    """

    TRADER: ClassVar[int] = 0
    POOL: ClassVar[int] = 1
    INPUT_MINT: ClassVar[int] = 2
    OUTPUT_MINT: ClassVar[int] = 3

    mode: SwapMode
    amount: int
    limit: int

    @staticmethod
    def no_limit(mode: SwapMode) -> int:
        """Return the limit of a leg that is judged together with others."""
        return 0 if mode is SwapMode.EXACT_IN else U64_MAX

    def to_bytes(self) -> bytes:
        """Pack as Raydium's CPMM does: discriminator, then input and output amount as u64."""
        amounts = (self.amount, self.limit)
        if self.mode is SwapMode.EXACT_OUT:
            amounts = (self.limit, self.amount)
        return _SWAP.pack(_DISCRIMINATORS[self.mode], *amounts)

    @classmethod
    def from_bytes(cls, data: bytes) -> "SwapInstruction":
        """Unpack. Raises ValueError when the bytes are some other instruction's."""
        if len(data) != _SWAP.size or data[:8] not in _MODES:
            raise ValueError("not a swap instruction")
        discriminator, first, second = _SWAP.unpack(data)
        mode = _MODES[discriminator]
        if mode is SwapMode.EXACT_IN:
            return cls(mode=mode, amount=first, limit=second)
        return cls(mode=mode, amount=second, limit=first)


@dataclass(frozen=True, slots=True)
class GuardInstruction:
    """What all legs together must give at least, or may cost at most, in base units."""

    limit: int

    def to_bytes(self) -> bytes:
        """Pack as one little-endian u64."""
        return _GUARD.pack(self.limit)

    @classmethod
    def from_bytes(cls, data: bytes) -> "GuardInstruction":
        """Unpack. Raises ValueError when the bytes are some other instruction's."""
        if len(data) != _GUARD.size:
            raise ValueError("not a guard instruction")
        return cls(*_GUARD.unpack(data))
