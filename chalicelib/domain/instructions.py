"""The bytes of a swap instruction, so that builder and chain agree on them without knowing each
other."""

import struct
from dataclasses import dataclass
from typing import ClassVar

MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
SWAP_PROGRAMS = {
    "raydium": "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C",
    "meteora": "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG",
}

# First 8 bytes of sha256("global:swap"): how Anchor programs name their instruction.
_DISCRIMINATOR = bytes.fromhex("f8c69e91e17587c8")
_LAYOUT = struct.Struct("<8sQQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapInstruction:
    """Swap `amount_in` base units for at least `min_amount_out`, or nothing at all.

    Its accounts, in order: the trader, the pool, the input mint, the output mint.
    """

    TRADER: ClassVar[int] = 0
    POOL: ClassVar[int] = 1
    INPUT_MINT: ClassVar[int] = 2
    OUTPUT_MINT: ClassVar[int] = 3

    amount_in: int
    min_amount_out: int

    def to_bytes(self) -> bytes:
        """Pack as discriminator and two little-endian u64."""
        return _LAYOUT.pack(_DISCRIMINATOR, self.amount_in, self.min_amount_out)

    @classmethod
    def from_bytes(cls, data: bytes) -> "SwapInstruction | None":
        """Unpack, or return None when the bytes are some other instruction's."""
        if len(data) != _LAYOUT.size:
            return None
        discriminator, amount_in, least_out = _LAYOUT.unpack(data)
        if discriminator != _DISCRIMINATOR:
            return None
        return cls(amount_in=amount_in, min_amount_out=least_out)
