"""Where orders trade, and what it was worth there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.pools.pool import Moment, Pool, Price
from chalicelib.domain.token_list import TOKENS
from chalicelib.domain.tokens import Mint, Pair, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStates:
    """A venue's pools as they stood at one moment."""

    at: Moment
    pools: Sequence[Pool]
    #: What the venue knows of the mints that its pools trade; others are looked up in token_list.
    tokens: Mapping[Mint, Token] = field(default_factory=dict)


def tokens_of(answers: Iterable[PoolStates]) -> dict[Mint, Token]:
    """Return the tokens that the venues know, and those that are listed."""
    tokens = {token.mint: token for token in TOKENS}
    for answer in answers:
        tokens |= answer.tokens
    return tokens


def known_pools(answers: Iterable[PoolStates], tokens: Mapping[Mint, Token]) -> list[Pool]:
    """Return the pools of two tokens that are known: of the others nobody could tell what they
    move, for want of decimals."""
    return [
        pool
        for answer in answers
        for pool in answer.pools
        if pool.mint_a in tokens and pool.mint_b in tokens
    ]


class Venue(Protocol):
    """A place to swap."""

    @property
    def name(self) -> str:
        """The venue's name as clients see it."""

    def pools(self, pair: Pair | None = None) -> PoolStates:
        """Return the venue's pools as they stand now: those that a route of the pair may go over,
        or all that are listed. Where nothing has changed, the answer is the very same object.

        Raises QuoteTimeoutError when the venue stays silent: others are asked, and an attempt that
        finds no route with them has failed; UnavailableError when the venue is out of reach for
        reasons of ours: then no order pays for it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """What the best route paid when the slot began, and the best pool of each venue alone: after
    fees, for an amount too small to move a price; `at` is that time."""

    slot: int
    at: datetime
    best_route: Price
    venues: Mapping[str, Price]


class PriceHistory(Protocol):
    """What people look at beside their orders; no order depends on it."""

    def prices(
        self, pair: Pair, *, span: timedelta, after_slot: int | None = None
    ) -> Sequence[PricePoint]:
        """Return the pair's prices of that long until now, or those after a slot, oldest first;
        when no route led there a point is absent, and in a point a venue without a pool of it."""
