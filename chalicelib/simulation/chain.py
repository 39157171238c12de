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

from chalicelib.domain.errors import OrderError, TransactionFailedError
from chalicelib.domain.orders.order import Signature, SignedTransaction
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.chain import Blockhash, Landing, SignatureStatuses
from chalicelib.engine.ports.clock import Clock
from chalicelib.simulation.execution import execute_swap, read_signed_swap, total_in, total_out
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.ledger import Ledger, LedgerEntry, LedgerLeg
from chalicelib.simulation.market import Market, slot_at
from chalicelib.solana.transactions import RequestedSwap

log = logging.getLogger(__name__)

BLOCKHASH_LIFE_BLOCKS = 150
FINALIZED_BEHIND_BLOCKS = 32


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
                    refused_by=entry.refused_by,
                )
                for entry in self.ledger.find(signatures, up_to_slot=slot)
            },
        )

    def _land(self, wire_bytes: bytes) -> LedgerEntry | None:
        """The block entry of a transaction, or None when the network drops or refuses it."""
        try:
            transaction, swap = read_signed_swap(wire_bytes)
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
        error_code = refused_by = None
        try:
            if self.fate.fails(signature):
                raise TransactionFailedError
            legs = execute_swap(self.market, swap, landing_slot)
        except OrderError as error:
            error_code = error.code
            refused_by = error.refused_by if isinstance(error, QuoteError) else None
        return LedgerEntry(
            signature=signature,
            landing_slot=landing_slot,
            memo=swap.memo,
            input_mint=swap.input_mint,
            output_mint=swap.output_mint,
            amount_in=total_in(legs, swap) if legs else None,
            amount_out=total_out(legs, swap) if legs else None,
            legs=legs,
            error_code=error_code,
            wire_bytes=wire_bytes,
            refused_by=refused_by,
        )

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
