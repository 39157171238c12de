"""What can be traded, as far as it is known without asking a venue."""

from collections.abc import Callable
from typing import Protocol

from chalicelib.domain import token_list
from chalicelib.domain.errors import SameTokenError, UnknownTokenError
from chalicelib.domain.orders.triggers import RatedPair
from chalicelib.domain.tokens import Mint, Pair, Token

#: Returns the token of a mint, None when nobody knows it.
TokenOf = Callable[[Mint], Token | None]


class Listing(Protocol):
    """The pools and tokens that are listed, whatever they hold now."""

    def connects(self, pair: RatedPair) -> bool:
        """Tell whether listed pools lead from the first mint to the second, over other tokens where
        need be."""

    def token(self, mint: Mint) -> Token | None:
        """Return the token of this mint, also of one whose pools are gone; None when it is
        unknown."""


def find_token(name: str, token_of: TokenOf) -> Token:
    """Return the token with this symbol, if the token list has it, or with this mint.

    Raises UnknownTokenError.
    """
    try:
        return token_list.find_token(name)
    except UnknownTokenError:
        token = token_of(Mint(name))
        if token is None:
            raise
        return token


def find_pair(name_in: str, name_out: str, token_of: TokenOf) -> Pair:
    """Look up both tokens by symbol or mint.

    Raises UnknownTokenError, or SameTokenError when both names mean one token.
    """
    token_in, token_out = (find_token(name, token_of) for name in (name_in, name_out))
    if token_in == token_out:
        raise SameTokenError(f"{name_in} and {name_out} are the same token")
    return Pair(token_in=token_in, token_out=token_out)
