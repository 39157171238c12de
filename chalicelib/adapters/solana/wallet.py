"""Real Solana transactions, built and signed with solders; only the worker imports this."""

from dataclasses import dataclass

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.domain.orders.order import Order, Signature, SignedTransaction
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.routing.quotes import Quote
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.ports.chain import Blockhash
from chalicelib.solana.instructions import (
    COMPUTE_UNITS_BASE,
    COMPUTE_UNITS_PER_LEG,
    GUARD_PROGRAM,
    MEMO_PROGRAM,
    SWAP_PROGRAMS,
    TRANSACTION_BYTES_MAX,
    GuardInstruction,
    SwapInstruction,
)


@dataclass(frozen=True, slots=True)
class SolanaWallet:
    """The engine's key. Ed25519 is deterministic: the same order, attempt, route and blockhash give
    the same bytes and signature."""

    keypair: Keypair
    compute_unit_price_micro_lamports: int

    @classmethod
    def from_base58(
        cls, secret_key: str, *, compute_unit_price_micro_lamports: int = 0
    ) -> "SolanaWallet":
        """Read the 64-byte secret key as wallets export it. Raises ValueError when malformed."""
        return cls(Keypair.from_base58_string(secret_key), compute_unit_price_micro_lamports)

    def sign_swap(
        self, *, order: Order, route: Route, limit: int, blockhash: Blockhash
    ) -> SignedTransaction:
        message = MessageV0.try_compile(
            payer=self.keypair.pubkey(),
            instructions=[
                *self._budget(len(route.legs)),
                *self._swaps(route, limit),
                _instruction(MEMO_PROGRAM, f"{order.order_id}:{order.attempt}".encode()),
            ],
            address_lookup_table_accounts=[],
            recent_blockhash=Hash.from_string(blockhash.value),
        )
        transaction = VersionedTransaction(message, [self.keypair])
        wire_bytes = bytes(transaction)
        if len(wire_bytes) > TRANSACTION_BYTES_MAX:
            raise RuntimeError(f"a transaction of {len(wire_bytes)} bytes does not fit a packet")
        return SignedTransaction(
            signature=Signature(str(transaction.signatures[0])),
            wire_bytes=wire_bytes,
            last_valid_block_height=blockhash.last_valid_block_height,
        )

    def _budget(self, legs: int) -> list[Instruction]:
        return [
            set_compute_unit_limit(COMPUTE_UNITS_BASE + legs * COMPUTE_UNITS_PER_LEG),
            set_compute_unit_price(self.compute_unit_price_micro_lamports),
        ]

    def _swaps(self, route: Route, limit: int) -> list[Instruction]:
        """A leg alone carries the limit itself; of several, a guard judges the total."""
        if len(route.legs) == 1:
            return [self._swap(route.legs[0], route.mode, limit)]
        no_limit = SwapInstruction.no_limit(route.mode)
        swaps = [self._swap(leg, route.mode, no_limit) for leg in route.legs]
        return [*swaps, _instruction(GUARD_PROGRAM, GuardInstruction(limit).to_bytes())]

    def _swap(self, leg: Quote, mode: SwapMode, limit: int) -> Instruction:
        amount = leg.amount_in if mode is SwapMode.EXACT_IN else leg.amount_out
        accounts = [
            AccountMeta(self.keypair.pubkey(), is_signer=True, is_writable=True),
            AccountMeta(Pubkey.from_string(leg.pool_address), is_signer=False, is_writable=True),
            AccountMeta(Pubkey.from_string(leg.input_mint), is_signer=False, is_writable=False),
            AccountMeta(Pubkey.from_string(leg.output_mint), is_signer=False, is_writable=False),
        ]
        data = SwapInstruction(mode=mode, amount=amount, limit=limit).to_bytes()
        return Instruction(Pubkey.from_string(SWAP_PROGRAMS[leg.kind]), data, accounts)


def _instruction(program: str, data: bytes) -> Instruction:
    return Instruction(Pubkey.from_string(program), data, [])
