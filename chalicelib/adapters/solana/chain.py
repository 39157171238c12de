"""The Chain port over the JSON-RPC of a Solana node.

Nothing of `chalicelib/bootstrap.py` uses it by default, for the chain is simulated: the example
world of docs/extending.md does. What the methods promise keeps an order from being executed twice;
`tests/contract/test_chain.py` holds every chain to it.
"""

import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.solana.json_rpc import NONSENSE, Call, JsonRpc
from chalicelib.domain.errors import SlippageExceededError, TransactionFailedError
from chalicelib.domain.orders.order import Signature, SignedTransaction
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.chain import Blockhash, Landing, SignatureStatuses
from chalicelib.solana.instructions import SWAP_PROGRAMS, SwapInstruction

log = logging.getLogger(__name__)

# The engine sends again by itself, and a check before sending tells it nothing.
SEND_OPTIONS = {"encoding": "base64", "skipPreflight": True, "maxRetries": 0}
READ_OPTIONS = {
    "encoding": "json",
    "commitment": "confirmed",
    "maxSupportedTransactionVersion": 0,
}
# How the programs say that a swap went beyond its limit.
SLIPPAGE_CODES = frozenset({6005})


@contextmanager
def _reading() -> Iterator[None]:
    """A result of another form than expected is none: the engine asks again."""
    try:
        yield
    except NONSENSE as error:
        raise UnavailableError(f"node: a result cannot be read: {error!r}") from error


@dataclass(frozen=True, slots=True)
class RpcChain:
    """A chain behind a node. Whatever goes wrong on the way is an UnavailableError."""

    rpc: JsonRpc

    @_reading()
    def latest_blockhash(self) -> Blockhash:
        found = self.rpc.call("getLatestBlockhash", {"commitment": "confirmed"})["value"]
        return Blockhash(
            value=found["blockhash"], last_valid_block_height=found["lastValidBlockHeight"]
        )

    def send(self, transactions: Sequence[SignedTransaction]) -> None:
        """Send the bytes, again and again if need be; one that is refused keeps no other back.

        The answers are logged, no more: what became of a transaction is only ever asked by its
        signature.
        """
        calls = [
            Call("sendTransaction", [b64encode(transaction.wire_bytes).decode(), SEND_OPTIONS])
            for transaction in transactions
        ]
        for transaction, answer in zip(transactions, self.rpc.call_all(calls), strict=True):
            if answer.refusal is not None:
                about = {"signature": transaction.signature, "reason": answer.refusal}
                log.warning("transaction_refused", extra=about)

    @_reading()
    def statuses(self, signatures: Sequence[Signature]) -> SignatureStatuses:
        """Ask what has become of the transactions: landed, or expired, or nothing certain yet.

        The height is asked first and the signatures afterwards, of a node that is at least as far:
        what it does not know then cannot land at or below that height any more. The other way
        round, a transaction could land in between and seem to have expired.

        While the node knows something of a transaction, but not enough to report it, nothing may
        count as expired: the height is 0 then, which is always true.
        """
        finalized = self.rpc.call("getEpochInfo", {"commitment": "finalized"})
        answer = self.rpc.call(
            "getSignatureStatuses", list(signatures), {"searchTransactionHistory": True}
        )
        if answer["context"]["slot"] < finalized["absoluteSlot"]:
            raise UnavailableError("node: it lags behind the one asked before")
        known = {s: found for s, found in zip(signatures, answer["value"], strict=True) if found}
        landings = self._landings([s for s, found in known.items() if _is_settled(found)])
        in_doubt = known.keys() - landings.keys()
        return SignatureStatuses(
            finalized_block_height=0 if in_doubt else finalized["blockHeight"],
            landings=landings,
        )

    def _landings(self, signatures: Sequence[Signature]) -> Mapping[Signature, Landing]:
        """The transactions that the node can show; the others stay in doubt."""
        calls = [Call("getTransaction", [signature, READ_OPTIONS]) for signature in signatures]
        landings = {}
        for signature, answer in zip(signatures, self.rpc.call_all(calls), strict=True):
            try:
                landings[signature] = _landing(answer.result)
            except NONSENSE as error:
                about = {"signature": signature, "reason": answer.refusal or repr(error)}
                log.warning("transaction_in_doubt", extra=about)
        return landings


def _is_settled(status: Mapping[str, Any]) -> bool:
    """Whether the status may be reported. A failure counts when its block is finalized, not before:
    it lets the engine sign a new transaction, and in another fork the same bytes might succeed."""
    if status["err"] is not None:
        return bool(status["confirmationStatus"] == "finalized")
    return status["confirmationStatus"] in ("confirmed", "finalized")


def _landing(transaction: Mapping[str, Any]) -> Landing:
    error = transaction["meta"]["err"]
    paid, received = (None, None) if error else _moved(transaction)
    return Landing(
        slot=transaction["slot"],
        amount_in=paid,
        amount_out=received,
        error_code=_error_code(error) if error else None,
        refused_by=_refused_by(error, transaction) if error else None,
    )


def _moved(transaction: Mapping[str, Any]) -> tuple[int, int]:
    """What the trader paid and received, in base units; wrapped SOL is a token like any other."""
    trader = transaction["transaction"]["message"]["accountKeys"][0]
    moved: Counter[str] = Counter()
    for side, sign in (("preTokenBalances", -1), ("postTokenBalances", 1)):
        for balance in transaction["meta"][side]:
            if balance["owner"] == trader:
                moved[balance["mint"]] += sign * int(balance["uiTokenAmount"]["amount"])
    return -min(moved.values()), max(moved.values())


def _refused_by(error: Any, transaction: Mapping[str, Any]) -> str | None:
    """The pool of the swap that failed; None when another instruction did, or at its limit."""
    if _error_code(error) == SlippageExceededError.code:
        return None
    # What is only good to know puts no landing in doubt.
    with suppress(*NONSENSE):
        if isinstance(error, Mapping):
            index, _ = error["InstructionError"]
            message = transaction["transaction"]["message"]
            loaded = transaction["meta"].get("loadedAddresses") or {}
            keys = [
                *message["accountKeys"],
                *loaded.get("writable", ()),
                *loaded.get("readonly", ()),
            ]
            instruction = message["instructions"][index]
            if keys[instruction["programIdIndex"]] in SWAP_PROGRAMS.values():
                return str(keys[instruction["accounts"][SwapInstruction.POOL]])
    return None


def _error_code(error: Any) -> str:
    match error:
        case {"InstructionError": [_, {"Custom": code}]} if code in SLIPPAGE_CODES:
            return SlippageExceededError.code
    return TransactionFailedError.code
