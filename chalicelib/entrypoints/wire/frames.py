"""The stream's contract: what clients and this service say to each other on an open connection."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr
from pydantic.alias_generators import to_camel

from chalicelib.domain.errors import CodedError, InvalidOrderIdError, InvalidRequestError
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, parse_order_id
from chalicelib.entrypoints.errors import InvalidAfterError, InvalidBatchError, UnknownActionError
from chalicelib.entrypoints.wire import exact_json, requests
from chalicelib.entrypoints.wire.events import event_document

# API Gateway meters messages in pieces of 32 KB, and takes none above 128 KB: what fits into one
# piece with its neighbours shares a frame with them, what does not stands alone.
BATCH_BYTES_MAX = 32_000
PONG = json.dumps({"type": "pong"})
_SEQUENCE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_SEQUENCE_DIGITS_MAX = 9


def read_order_id(value: object) -> OrderId:
    """Return the order id that a client sent. Raises InvalidOrderIdError."""
    if not isinstance(value, str):
        raise InvalidOrderIdError
    return parse_order_id(value)


def read_sequence(value: object) -> int:
    """Return the sequence that a client sent: digits, or a number. Raises InvalidAfterError."""
    if isinstance(value, str) and _SEQUENCE.fullmatch(value):
        return int(value)
    raise InvalidAfterError


def _read_after(value: object) -> int:
    # The magnitude is judged first: 1e999999999 must not become an integer.
    if (
        isinstance(value, Decimal)
        and value.adjusted() < _SEQUENCE_DIGITS_MAX
        and value == value.to_integral_value()
        and value >= 0
    ):
        return int(value)
    raise InvalidAfterError


def read_batch(value: str) -> bool:
    """Return what a URL says of batches: 1 or 0. Raises InvalidBatchError."""
    if value in ("0", "1"):
        return value == "1"
    raise InvalidBatchError


def _read_batch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidBatchError


class _Frame(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Subscribe(_Frame):
    """Send the order's events after that sequence, past and future; in batches if it says so."""

    action: Literal["subscribe"]
    order_id: Annotated[OrderId, BeforeValidator(read_order_id)]
    after: Annotated[int, BeforeValidator(_read_after)] = 0
    batch: Annotated[bool, BeforeValidator(_read_batch)] = False
    ticket: StrictStr | None = None


class Unsubscribe(_Frame):
    """Send no more of the order's events."""

    action: Literal["unsubscribe"]
    order_id: Annotated[OrderId, BeforeValidator(read_order_id)]
    ticket: StrictStr | None = None


class Ping(_Frame):
    """Answer with a pong; it keeps an idle connection open, too."""

    action: Literal["ping"]


Frame = Subscribe | Unsubscribe | Ping
_ACTIONS: Mapping[object, type[Frame]] = {
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ping": Ping,
}


def parse(body: str) -> object:
    """Read a frame's JSON. Raises what exact_json.parse raises."""
    # What came in as half of a surrogate pair is refused there, like any other broken text.
    return exact_json.parse(body.encode("utf-8", "surrogatepass"))


def read_frame(document: object) -> Frame:
    """Check a client's frame. Raises UnknownActionError, InvalidOrderIdError, InvalidAfterError,
    InvalidBatchError, InvalidRequestError for anything else that is not of the documented form."""
    if not isinstance(document, dict):
        raise InvalidRequestError("a frame must be a JSON object")
    action = document.get("action")
    if not isinstance(action, str) or action not in _ACTIONS:
        raise UnknownActionError
    return requests.read(_ACTIONS[action], document)


def named_order(document: object) -> OrderId | None:
    """Return the order that a client's frame names, however wrong the rest of it is."""
    try:
        return read_order_id(document.get("orderId") if isinstance(document, dict) else None)
    except InvalidOrderIdError:
        return None


def update_frames(events: Sequence[OrderEvent], in_batches: bool) -> list[str]:
    """Write the frames that tell a follower of these events: one for each, or `in_batches` one for
    as many as BATCH_BYTES_MAX allows. An event alone looks the same either way."""
    written = [json.dumps(event_document(event)) for event in events]
    batches = _batches(written) if in_batches else [[each] for each in written]
    return [_update_frame(batch) for batch in batches]


def _batches(written: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    for each in written:
        if batches and len(_update_frame([*batches[-1], each])) <= BATCH_BYTES_MAX:
            batches[-1].append(each)
        else:
            batches.append([each])
    return batches


def _update_frame(batch: Sequence[str]) -> str:
    """Write a frame of events that are written already, in ASCII: a character is a byte."""
    if len(batch) == 1:
        return f'{{"type": "update", "data": {batch[0]}}}'
    return f'{{"type": "updates", "data": {{"events": [{", ".join(batch)}]}}}}'


def error_frame(error: CodedError, order_id: OrderId | None = None) -> str:
    """Write the frame that tells a client what was wrong with its own, and with which order."""
    document = {"code": error.code, "detail": error.detail}
    if order_id is not None:
        document["orderId"] = order_id
    return json.dumps({"type": "error", "error": document})
