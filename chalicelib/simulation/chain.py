"""A simulated Solana: 400 ms slots, blockhashes that expire, signed transactions that land or fail.

It trusts nothing but the bytes it gets: it verifies the signature, reads the instruction, and
executes it against the pool as it stands in the landing slot, whole or not at all. Fate (latency,
drops, failures) is a pure function of the seed, the signature and the slot of sending.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from solders.hash import Hash
from solders.instruction import CompiledInstruction
from solders.transaction import VersionedTransaction

from chalicelib.domain.errors import (
    QuoteError,
    SlippageExceededError,
    TransactionFailedError,
)
from chalicelib.domain.instructions import MEMO_PROGRAM, SwapInstruction
from chalicelib.domain.orders import Signature, SignedTransaction
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports import Blockhash, Clock, Landing, SignatureStatuses
from chalicelib.simulation.ledger import Ledger, LedgerEntry
from chalicelib.simulation.market import POOLS, Market, moment_at_slot, slot_at

BLOCKHASH_LIFE_BLOCKS = 150
FINALIZED_BEHIND_BLOCKS = 32
_POOLS_BY_ADDRESS = {pool.address: pool for pool in POOLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How the network treats transactions; rates are parts per ten thousand of all of them."""

    latency_least: timedelta = timedelta(0)
    latency_most: timedelta = timedelta(0)
    drop_rate_bps: int = 0
    failure_rate_bps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swap:
    """What a transaction's instructions say."""

    pool_address: str
    pair: Pair
    instruction: SwapInstruction
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedChain:
    """The Chain port over the simulated market; every slot has a block."""

    seed: str
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

    def statuses(self, signatures: Sequence[Signature]) -> SignatureStatuses:
        slot = slot_at(self.clock.now())
        return SignatureStatuses(
            finalized_block_height=slot - FINALIZED_BEHIND_BLOCKS,
            landings={
                entry.signature: Landing(
                    slot=entry.landing_slot,
                    amount_out=entry.amount_out,
                    error_code=entry.error_code,
                )
                for entry in self.ledger.find(signatures, up_to_slot=slot)
            },
        )

    def _land(self, wire_bytes: bytes) -> LedgerEntry | None:
        """The block entry of a transaction, or None when the network drops or refuses it."""
        transaction = VersionedTransaction.from_bytes(wire_bytes)
        if not all(transaction.verify_with_results()):
            return None
        signature = Signature(str(transaction.signatures[0]))
        sent_at = self.clock.now()
        sending_slot, landing_slot = slot_at(sent_at), slot_at(sent_at + self._latency(signature))
        if landing_slot > self._last_valid_block_height(transaction, sending_slot):
            return None
        if self._chance(f"drop|{signature}|{sending_slot}") < self.fate.drop_rate_bps:
            return None
        return self._execute(signature, _read_swap(transaction), landing_slot, wire_bytes)

    def _execute(
        self, signature: Signature, swap: _Swap, landing_slot: int, wire_bytes: bytes
    ) -> LedgerEntry:
        amount_out, error_code = self._fill(signature, swap, landing_slot)
        return LedgerEntry(
            signature=signature,
            landing_slot=landing_slot,
            memo=swap.memo,
            pool_address=swap.pool_address,
            input_mint=swap.pair.token_in.mint,
            output_mint=swap.pair.token_out.mint,
            amount_in=swap.instruction.amount_in,
            amount_out=amount_out,
            error_code=error_code,
            wire_bytes=wire_bytes,
        )

    def _fill(self, signature: Signature, swap: _Swap, slot: int) -> tuple[int | None, str | None]:
        if self._chance(f"fail|{signature}") < self.fate.failure_rate_bps:
            return None, TransactionFailedError.code
        pool = self.market.state(_POOLS_BY_ADDRESS[swap.pool_address], slot)
        try:
            fill = pool.quote_exact_in(
                swap.pair.token_in.mint, swap.instruction.amount_in, moment_at_slot(slot)
            )
        except QuoteError as error:
            return None, error.code
        if fill.amount_out < swap.instruction.min_amount_out:
            return None, SlippageExceededError.code
        return fill.amount_out, None

    def _last_valid_block_height(self, transaction: VersionedTransaction, slot: int) -> int:
        """The height a transaction's blockhash allows it; below any slot when it is not recent."""
        named = bytes(transaction.message.recent_blockhash)
        for past in range(slot, slot - BLOCKHASH_LIFE_BLOCKS - 1, -1):
            if self._blockhash(past) == named:
                return past + BLOCKHASH_LIFE_BLOCKS
        return -1

    def _latency(self, signature: Signature) -> timedelta:
        least, most = self.fate.latency_least, self.fate.latency_most
        return least + (most - least) * self._chance(f"latency|{signature}") // 10_000

    def _blockhash(self, slot: int) -> bytes:
        return hashlib.blake2b(f"{self.seed}|blockhash|{slot}".encode(), digest_size=32).digest()

    def _chance(self, key: str) -> int:
        """A number in 0…9,999 that the seed and the key decide."""
        digest = hashlib.blake2b(f"{self.seed}|{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % 10_000


def _read_swap(transaction: VersionedTransaction) -> _Swap:
    """Read the swap and the memo; raises ValueError for a transaction of any other kind."""
    message = transaction.message
    keys = [str(key) for key in message.account_keys]
    memo = ""
    swap: tuple[CompiledInstruction, SwapInstruction] | None = None
    for compiled in message.instructions:
        data = bytes(compiled.data)
        if keys[compiled.program_id_index] == MEMO_PROGRAM:
            memo = data.decode()
        elif (instruction := SwapInstruction.from_bytes(data)) is not None:
            swap = compiled, instruction
    if swap is None:
        raise ValueError("the transaction holds no swap")
    accounts = [keys[index] for index in swap[0].accounts]
    return _Swap(
        pool_address=accounts[SwapInstruction.POOL],
        pair=Pair.of(accounts[SwapInstruction.INPUT_MINT], accounts[SwapInstruction.OUTPUT_MINT]),
        instruction=swap[1],
        memo=memo,
    )
