"""Solana, and the key that signs for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.orders.order import (
    Order,
    Signature,
    SignedTransaction,
)
from chalicelib.domain.routing.routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockhash:
    """A recent blockhash and how long a transaction that names it can land."""

    value: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A transaction that is part of a block: what it moved, or why it failed there.

    `refused_by` is the address of the pool whose swap failed, unless only the limit was missed.
    """

    slot: int
    amount_in: int | None
    amount_out: int | None
    error_code: str | None
    refused_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureStatuses:
    """The chain's answer at one moment; a signature without a landing is not known yet.

    Blocks up to `finalized_block_height` can no longer change.
    """

    finalized_block_height: int
    landings: Mapping[Signature, Landing]


class Chain(Protocol):
    """Solana, as far as the engine needs it. Raises UnavailableError when out of reach."""

    def latest_blockhash(self) -> Blockhash:
        """Return a blockhash for new transactions."""

    def send(self, transactions: Sequence[SignedTransaction]) -> None:
        """Send the bytes; sending the same bytes again is harmless."""

    def statuses(self, signatures: Sequence[Signature]) -> SignatureStatuses:
        """Ask what has become of the transactions."""


class Wallet(Protocol):
    """Builds and signs transactions with the engine's key."""

    def sign_swap(
        self, *, order: Order, route: Route, limit: int, blockhash: Blockhash
    ) -> SignedTransaction:
        """Build and sign a swap over the route's legs that fails as a whole beyond `limit`: the
        least total output, or the most total input of an exact-out."""
