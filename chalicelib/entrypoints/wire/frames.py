"""The stream's contract: what this service says on a connection, and what the URL of one says."""

import json
import re
from collections.abc import Sequence

from chalicelib.domain.errors import CodedError, InvalidOrderIdError
from chalicelib.domain.orders.events import OrderEvent
from chalicelib.domain.orders.order import OrderId, parse_order_id
from chalicelib.entrypoints.errors import InvalidAfterError, InvalidBatchError
from chalicelib.entrypoints.wire.events import event_document

# API Gateway meters messages in pieces of 32 KB, and takes none above 128 KB: what fits into one
# piece with its neighbours shares a frame with them, what does not stands alone.
BATCH_BYTES_MAX = 32_000
PONG = json.dumps({"type": "pong"})
_SEQUENCE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


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


def read_batch(value: str) -> bool:
    """Return what a URL says of batches: 1 or 0. Raises InvalidBatchError."""
    if value in ("0", "1"):
        return value == "1"
    raise InvalidBatchError


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
