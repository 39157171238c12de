"""What a token is, and what an order trades; token_list has the tokens that people can name."""

from dataclasses import dataclass
from typing import NewType

Mint = NewType("Mint", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An SPL token; amounts of it are integers of 10**-decimals."""

    #: What people call it; two tokens may be called the same.
    symbol: str
    #: The address of its mint account, base58: this names it.
    mint: Mint
    decimals: int


def token_to_come(mint: Mint | None) -> Token:
    """Return what stands for a token that there need not be yet: the one of this mint, or any."""
    return Token(symbol="", mint=mint or Mint(""), decimals=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What an order trades: `token_in` is paid, `token_out` is received."""

    token_in: Token
    token_out: Token

    @property
    def mints(self) -> tuple[Mint, Mint]:
        """The mint that is paid, and the one that is received."""
        return self.token_in.mint, self.token_out.mint
