"""What a signed swap does to the pools of one slot: the chain executes it, the audit computes it
again."""

from collections.abc import Sequence

from solders.transaction import VersionedTransaction

from chalicelib.domain.errors import ExecutionError, SlippageExceededError
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Pool
from chalicelib.domain.pools.rejections import MintNotInPoolError
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.simulation.ledger import LedgerLeg
from chalicelib.simulation.market import Market, moment_at_slot
from chalicelib.solana.transactions import RequestedLeg, RequestedSwap, read_swap


class WrongProgramError(ExecutionError):
    """The pool belongs to a different program than the one called."""

    code = "WRONG_PROGRAM"


def read_signed_swap(wire_bytes: bytes) -> tuple[VersionedTransaction, RequestedSwap]:
    """Read a signed swap. Raises ValueError for anything else."""
    transaction = VersionedTransaction.from_bytes(wire_bytes)
    verified = transaction.verify_with_results()
    if not verified or not all(verified):
        raise ValueError("the transaction lacks a required signature")
    if bytes(transaction) != wire_bytes:
        raise ValueError("there are bytes after the end of the transaction")
    return transaction, read_swap(transaction)


def execute_swap(market: Market, swap: RequestedSwap, slot: int) -> tuple[LedgerLeg, ...]:
    """Return what each leg takes and gives in that slot.

    Raises the OrderError for which the transaction fails as a whole.
    """
    asked = [Leg(_pool(market, leg, slot), leg.input_mint, leg.amount) for leg in swap.legs]
    legs = tuple(
        LedgerLeg(
            pool_address=leg.pool_address,
            input_mint=leg.input_mint,
            output_mint=leg.output_mint,
            amount_in=quote.amount_in,
            amount_out=quote.amount_out,
        )
        for leg, quote in zip(swap.legs, fill(asked, swap.mode, moment_at_slot(slot)), strict=True)
    )
    if swap.mode is SwapMode.EXACT_IN:
        is_within_limit = total_out(legs, swap) >= swap.limit
    else:
        is_within_limit = total_in(legs, swap) <= swap.limit
    if not is_within_limit:
        raise SlippageExceededError
    return legs


def total_in(legs: Sequence[LedgerLeg], swap: RequestedSwap) -> int:
    """Return what the legs take of the swap's input token."""
    return sum(leg.amount_in for leg in legs if leg.input_mint == swap.input_mint)


def total_out(legs: Sequence[LedgerLeg], swap: RequestedSwap) -> int:
    """Return what the legs give of the swap's output token."""
    return sum(leg.amount_out for leg in legs if leg.output_mint == swap.output_mint)


def _pool(market: Market, leg: RequestedLeg, slot: int) -> Pool:
    pool = market.pool(leg.pool_address, slot)
    if pool.kind is not leg.kind:
        raise WrongProgramError
    if {leg.input_mint, leg.output_mint} != {pool.mint_a, pool.mint_b}:
        raise MintNotInPoolError
    return pool
