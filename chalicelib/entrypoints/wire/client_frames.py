"""The stream's contract: what clients say on an open connection."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr
from pydantic.alias_generators import to_camel

from chalicelib.domain.errors import InvalidOrderIdError, InvalidRequestError
from chalicelib.domain.orders.order import OrderId
from chalicelib.entrypoints.errors import InvalidAfterError, InvalidBatchError, UnknownActionError
from chalicelib.entrypoints.wire import exact_json, requests
from chalicelib.entrypoints.wire.frames import read_order_id

_SEQUENCE_DIGITS_MAX = 9


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
