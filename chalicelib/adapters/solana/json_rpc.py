"""JSON-RPC to a Solana node.

Nothing of `chalicelib/bootstrap.py` uses it by default, for the chain is simulated: the example
world of docs/extending.md does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from chalicelib.engine.errors import UnavailableError

# A worker has seconds: it had better ask again than wait.
TIMEOUT_SECONDS = 2

# What it raises to read a document that is of another form than expected.
NONSENSE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Call(NamedTuple):
    """A method of the node and its parameters, in order."""

    method: str
    parameters: Sequence[Any]


class Answer(NamedTuple):
    """What the node says to one call: a result, or why it refuses to give one."""

    result: Any = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class JsonRpc:
    """A node at its URL, in which a provider's key may stand."""

    url: str = field(repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def call(self, method: str, *parameters: Any) -> Any:
        """Return the result of one call.

        Raises UnavailableError when the node is silent, answers nonsense, or refuses the call.
        """
        [answer] = self.call_all([Call(method, parameters)])
        if answer.refusal is not None:
            raise UnavailableError(f"node: {method}: {answer.refusal}")
        return answer.result

    def call_all(self, calls: Sequence[Call]) -> list[Answer]:
        """Make all calls in one request; return their answers in the order of the calls.

        A call that is refused harms no other. Raises UnavailableError when the node is silent,
        answers nonsense, or leaves a call out: what it has carried out then is unknown.
        """
        if not calls:
            return []
        try:
            answers = {found["id"]: _answer(found) for found in self._post(_batch(calls))}
            return [answers[number] for number in range(len(calls))]
        except (OSError, HTTPException, *NONSENSE) as error:
            raise UnavailableError(f"node: no usable answer: {type(error).__name__}") from error

    def _post(self, body: bytes) -> Any:
        request = Request(self.url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=self.timeout_seconds) as answer:
            return json.load(answer)


def _batch(calls: Sequence[Call]) -> bytes:
    batch = [
        {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.parameters)}
        for number, call in enumerate(calls)
    ]
    return json.dumps(batch).encode()


def _answer(found: Any) -> Answer:
    error = found.get("error")
    if error is not None:
        return Answer(refusal=str(error["message"]))
    return Answer(result=found["result"])
