"""A simulated Solana: 400 ms slots, blockhashes that expire, signed transactions that land or fail.

It trusts nothing but the bytes it gets: it verifies the signature, reads the instructions, and
executes them against the pools as they stand in the landing slot, whole or not at all.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from solders.hash import Hash
from solders.transaction import VersionedTransaction

from chalicelib.domain.errors import (
    ExecutionError,
    OrderError,
    SlippageExceededError,
    TransactionFailedError,
)
from chalicelib.domain.orders.order import Signature, SignedTransaction
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Pool
from chalicelib.domain.pools.rejections import MintNotInPoolError
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.chain import Blockhash, Landing, SignatureStatuses
from chalicelib.engine.ports.clock import Clock
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.ledger import Ledger, LedgerEntry, LedgerLeg
from chalicelib.simulation.market import Market, PoolNotListedError, moment_at_slot, slot_at
from chalicelib.solana.transactions import RequestedLeg, RequestedSwap, read_swap

log = logging.getLogger(__name__)

BLOCKHASH_LIFE_BLOCKS = 150
FINALIZED_BEHIND_BLOCKS = 32


class WrongProgramError(ExecutionError):
    """The pool belongs to another program than the one that was called."""

    code = "WRONG_PROGRAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedChain:
    """The Chain port over the simulated market; every slot has a block."""

    market: Market
    ledger: Ledger
    clock: Clock
    fate: Fate

    def latest_blockhash(self) -> Blockhash:
        slot = slot_at(self.clock.now())
        return Blockhash(
            value=str(Hash(self._blockhash(slot))),
            last_valid_block_height=slot + BLOCKHASH_LIFE_BLOCKS,
        )

    def send(self, transactions: Sequence[SignedTransaction]) -> None:
        entries = [self._land(transaction.wire_bytes) for transaction in transactions]
        landed = [entry for entry in entries if entry is not None]
        if landed:
            self.ledger.append(landed)
        slot = slot_at(self.clock.now())
        if any(self.fate.loses_answer(t.signature, slot) for t in transactions):
            raise UnavailableError("the chain did not answer")

    def statuses(self, signatures: Sequence[Signature]) -> SignatureStatuses:
        slot = slot_at(self.clock.now())
        return SignatureStatuses(
            finalized_block_height=slot - FINALIZED_BEHIND_BLOCKS,
            landings={
                entry.signature: Landing(
                    slot=entry.landing_slot,
                    amount_in=entry.amount_in,
                    amount_out=entry.amount_out,
                    error_code=entry.error_code,
                )
                for entry in self.ledger.find(signatures, up_to_slot=slot)
            },
        )

    def _land(self, wire_bytes: bytes) -> LedgerEntry | None:
        """The block entry of a transaction, or None when the network drops or refuses it."""
        try:
            transaction, swap = _read(wire_bytes)
        except ValueError as error:
            log.warning("transaction_refused", extra={"reason": str(error)})
            return None
        signature = Signature(str(transaction.signatures[0]))
        sent_at = self.clock.now()
        sending_slot, landing_slot = (
            slot_at(sent_at),
            slot_at(sent_at + self.fate.latency(signature)),
        )
        if landing_slot > self._last_valid_block_height(transaction, sending_slot):
            return None
        if self.fate.drops(signature, sending_slot):
            return None
        return self._execute(signature, swap, landing_slot, wire_bytes)

    def _execute(
        self, signature: Signature, swap: RequestedSwap, landing_slot: int, wire_bytes: bytes
    ) -> LedgerEntry:
        legs: tuple[LedgerLeg, ...] = ()
        error_code = None
        try:
            legs = self._fill(signature, swap, landing_slot)
        except (OrderError, PoolNotListedError) as error:
            error_code = error.code
        return LedgerEntry(
            signature=signature,
            landing_slot=landing_slot,
            memo=swap.memo,
            input_mint=swap.input_mint,
            output_mint=swap.output_mint,
            amount_in=_total_in(legs, swap) if legs else None,
            amount_out=_total_out(legs, swap) if legs else None,
            legs=legs,
            error_code=error_code,
            wire_bytes=wire_bytes,
        )

    def _fill(self, signature: Signature, swap: RequestedSwap, slot: int) -> tuple[LedgerLeg, ...]:
        """Move what all legs ask for. Raises the reason why the transaction fails as a whole."""
        if self.fate.fails(signature):
            raise TransactionFailedError
        asked = [Leg(self._pool(leg, slot), leg.input_mint, leg.amount) for leg in swap.legs]
        legs = tuple(
            LedgerLeg(
                pool_address=leg.pool_address,
                input_mint=leg.input_mint,
                output_mint=leg.output_mint,
                amount_in=quote.amount_in,
                amount_out=quote.amount_out,
            )
            for leg, quote in zip(
                swap.legs, fill(asked, swap.mode, moment_at_slot(slot)), strict=True
            )
        )
        if swap.mode is SwapMode.EXACT_IN:
            is_within_limit = _total_out(legs, swap) >= swap.limit
        else:
            is_within_limit = _total_in(legs, swap) <= swap.limit
        if not is_within_limit:
            raise SlippageExceededError
        return legs

    def _pool(self, leg: RequestedLeg, slot: int) -> Pool:
        pool = self.market.pool(leg.pool_address, slot)
        if pool.kind is not leg.kind:
            raise WrongProgramError
        if {leg.input_mint, leg.output_mint} != {pool.mint_a, pool.mint_b}:
            raise MintNotInPoolError
        return pool

    def _last_valid_block_height(self, transaction: VersionedTransaction, slot: int) -> int:
        """The height a transaction's blockhash allows it; below any slot when it is not recent."""
        named = bytes(transaction.message.recent_blockhash)
        for past in range(slot, slot - BLOCKHASH_LIFE_BLOCKS - 1, -1):
            if self._blockhash(past) == named:
                return past + BLOCKHASH_LIFE_BLOCKS
        return -1

    def _blockhash(self, slot: int) -> bytes:
        return hashlib.blake2b(
            f"{self.market.seed}|blockhash|{slot}".encode(), digest_size=32
        ).digest()


def _read(wire_bytes: bytes) -> tuple[VersionedTransaction, RequestedSwap]:
    """Read a signed swap. Raises ValueError for anything else."""
    transaction = VersionedTransaction.from_bytes(wire_bytes)
    verified = transaction.verify_with_results()
    if not verified or not all(verified):
        raise ValueError("the transaction is not signed by all who must")
    if bytes(transaction) != wire_bytes:
        raise ValueError("there are bytes behind the transaction's end")
    return transaction, read_swap(transaction)


def _total_in(legs: Sequence[LedgerLeg], swap: RequestedSwap) -> int:
    return sum(leg.amount_in for leg in legs if leg.input_mint == swap.input_mint)


def _total_out(legs: Sequence[LedgerLeg], swap: RequestedSwap) -> int:
    return sum(leg.amount_out for leg in legs if leg.output_mint == swap.output_mint)
