"""A small Solana node on loopback: its JSON-RPC answers over the simulated chain of a world."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from solders.transaction import VersionedTransaction

from chalicelib.domain.orders.order import Signature, SignedTransaction
from chalicelib.simulation.chain import FINALIZED_BEHIND_BLOCKS
from chalicelib.simulation.ledger import LedgerEntry
from chalicelib.simulation.market import slot_at
from tests.contract.loopback import answering, response
from tests.world import KEYPAIR, World

TRADER = str(KEYPAIR.pubkey())
SLIPPAGE = {"InstructionError": [2, {"Custom": 6005}]}
REFUSED = {"code": -32602, "message": "failed to deserialize the transaction"}
CONFIRMED_BEHIND_BLOCKS = 2


@dataclass(slots=True)
class RpcNode:
    """What the node knows; `before` is called with a method's name before it is answered."""

    world: World
    accounts: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    lag_slots: int = 0
    forgets_transactions: bool = False
    hides_balances_of: set[str] = field(default_factory=set)
    before: Callable[[str], object] = lambda _: None

    def answer_bytes(self, body: bytes) -> bytes:
        """Answer what stands in a request's body."""
        return json.dumps(self.answer(json.loads(body))).encode()

    def answer(self, request: Any) -> Any:
        """Answer a call, or a batch of calls in any order."""
        if isinstance(request, list):
            return [self.answer(call) for call in reversed(request)]
        self.before(request["method"])
        result = getattr(self, f"_{request['method']}")(*request["params"])
        key = "error" if result is REFUSED else "result"
        return {"jsonrpc": "2.0", "id": request["id"], key: result}

    @property
    def _slot(self) -> int:
        return slot_at(self.world.clock.now())

    def _getLatestBlockhash(self, _: Any) -> Any:
        found = self.world.chain.latest_blockhash()
        names = {"blockhash": found.value, "lastValidBlockHeight": found.last_valid_block_height}
        return {"context": {"slot": self._slot}, "value": names}

    def _getEpochInfo(self, options: Mapping[str, Any]) -> Any:
        assert options == {"commitment": "finalized"}
        height = self._slot - FINALIZED_BEHIND_BLOCKS
        return {"absoluteSlot": height, "blockHeight": height}

    def _sendTransaction(self, text: str, options: Mapping[str, Any]) -> Any:
        assert options["encoding"] == "base64"
        wire_bytes = b64decode(text)
        if len(wire_bytes) < 100:
            return REFUSED
        sent = SignedTransaction(
            signature=Signature(""), wire_bytes=wire_bytes, last_valid_block_height=0
        )
        self.world.chain.send([sent])
        return "signature"

    def _getSignatureStatuses(self, signatures: list[str], options: Any) -> Any:
        assert options == {"searchTransactionHistory": True}
        slot = self._slot - self.lag_slots
        return {
            "context": {"slot": slot},
            "value": [self._status(self._entry(signature, slot), slot) for signature in signatures],
        }

    def _status(self, entry: LedgerEntry | None, slot: int) -> Any:
        if entry is None:
            return None
        behind = slot - entry.landing_slot
        levels = {FINALIZED_BEHIND_BLOCKS: "finalized", CONFIRMED_BEHIND_BLOCKS: "confirmed"}
        reached = (name for blocks, name in levels.items() if behind >= blocks)
        return {
            "slot": entry.landing_slot,
            "err": _error(entry),
            "confirmationStatus": next(reached, "processed"),
        }

    def _getTransaction(self, signature: str, options: Mapping[str, Any]) -> Any:
        assert options["maxSupportedTransactionVersion"] == 0
        entry = self._entry(signature, self._slot)
        if entry is None or self.forgets_transactions:
            return None
        paid, received = entry.amount_in or 0, entry.amount_out or 0
        before = [(TRADER, entry.input_mint, paid), (TRADER, entry.output_mint, 5)]
        after = [(TRADER, entry.input_mint, 0), (TRADER, entry.output_mint, 5 + received)]
        others = [("Vau1t", entry.output_mint, 10**15)]
        if signature in self.hides_balances_of:
            before, after = [], []
        return {
            "slot": entry.landing_slot,
            "transaction": {"message": _message(entry)},
            "meta": {
                "err": _error(entry),
                "preTokenBalances": [_balance(*held) for held in [*before, *others]],
                "postTokenBalances": [_balance(*held) for held in [*after]],
            },
        }

    def _getMultipleAccounts(self, addresses: list[str], options: Any) -> Any:
        assert options["encoding"] == "base64"
        found = [self.accounts.get(address) for address in addresses]
        data = [data and {"data": [b64encode(data).decode(), "base64"]} for data in found]
        return {"context": {"slot": self._slot}, "value": data}

    def _entry(self, signature: str, slot: int) -> LedgerEntry | None:
        [*entries] = self.world.ledger.find([Signature(signature)], up_to_slot=slot)
        return entries[0] if entries else None


def _error(entry: LedgerEntry) -> Any:
    if entry.error_code is None:
        return None
    if entry.refused_by is not None:
        message = _message(entry)
        pool = message["accountKeys"].index(entry.refused_by)
        swaps = [n for n, each in enumerate(message["instructions"]) if pool in each["accounts"]]
        return {"InstructionError": [swaps[0], {"Custom": 6000}]}
    return SLIPPAGE if entry.error_code == "SLIPPAGE_EXCEEDED" else "AccountInUse"


def _message(entry: LedgerEntry) -> Any:
    message = VersionedTransaction.from_bytes(entry.wire_bytes).message
    return {
        "accountKeys": [str(key) for key in message.account_keys],
        "instructions": [
            {"programIdIndex": each.program_id_index, "accounts": [*each.accounts]}
            for each in message.instructions
        ],
    }


def _balance(owner: str, mint: str, amount: int) -> Any:
    return {"owner": owner, "mint": mint, "uiTokenAmount": {"amount": str(amount)}}


@contextmanager
def serving(node: RpcNode) -> Iterator[RpcNode]:
    """Let the node answer at its `url`."""
    with answering(lambda body: response(node.answer_bytes(body))) as node.url:
        yield node
