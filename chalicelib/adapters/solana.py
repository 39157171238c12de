"""Real Solana transactions, built and signed with solders; only the worker imports this."""

from dataclasses import dataclass

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from chalicelib.domain.instructions import MEMO_PROGRAM, SWAP_PROGRAMS, SwapInstruction
from chalicelib.domain.orders import Order, Signature, SignedTransaction
from chalicelib.domain.quotes import Quote
from chalicelib.engine.ports import Blockhash


@dataclass(frozen=True, slots=True)
class SolanaWallet:
    """The engine's key. Ed25519 is deterministic: the same order, attempt and blockhash give the
    same bytes and signature."""

    keypair: Keypair

    @classmethod
    def from_base58(cls, secret_key: str) -> "SolanaWallet":
        """Read the 64-byte secret key as wallets export it. Raises ValueError when malformed."""
        return cls(Keypair.from_base58_string(secret_key))

    def sign_swap(
        self, *, order: Order, quote: Quote, min_amount_out: int, blockhash: Blockhash
    ) -> SignedTransaction:
        message = MessageV0.try_compile(
            payer=self.keypair.pubkey(),
            instructions=[
                self._swap(quote, min_amount_out),
                _memo(f"{order.order_id}:{order.attempt}"),
            ],
            address_lookup_table_accounts=[],
            recent_blockhash=Hash.from_string(blockhash.value),
        )
        transaction = VersionedTransaction(message, [self.keypair])
        return SignedTransaction(
            signature=Signature(str(transaction.signatures[0])),
            wire_bytes=bytes(transaction),
            last_valid_block_height=blockhash.last_valid_block_height,
        )

    def _swap(self, quote: Quote, min_amount_out: int) -> Instruction:
        data = SwapInstruction(amount_in=quote.amount_in, min_amount_out=min_amount_out)
        accounts = [
            AccountMeta(self.keypair.pubkey(), is_signer=True, is_writable=True),
            AccountMeta(Pubkey.from_string(quote.pool_address), is_signer=False, is_writable=True),
            AccountMeta(Pubkey.from_string(quote.input_mint), is_signer=False, is_writable=False),
            AccountMeta(Pubkey.from_string(quote.output_mint), is_signer=False, is_writable=False),
        ]
        program = Pubkey.from_string(SWAP_PROGRAMS[quote.venue])
        return Instruction(program, data.to_bytes(), accounts)


def _memo(text: str) -> Instruction:
    return Instruction(Pubkey.from_string(MEMO_PROGRAM), text.encode(), [])
