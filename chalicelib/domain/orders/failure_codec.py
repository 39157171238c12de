"""The JSON of failures, and what all codecs of events share."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.orders.events import Failure

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Fields = Mapping[str, Any]

_FILLABLE = ("amount_in_max", "amount_out_max")


def write_failure(failure: Failure) -> dict[str, Json]:
    """Return a failure as a JSON object."""
    return {"code": failure.code, "message": failure.message} | present(failure, _FILLABLE)


def read_failure(fields: Fields) -> Failure:
    """Return the failure. Raises KeyError."""
    fillable = {name: fields.get(name) for name in _FILLABLE}
    return Failure(code=fields["code"], message=fields["message"], **fillable)


def present(details: object, names: Sequence[str]) -> dict[str, Json]:
    """Return those of these amounts that there are."""
    amounts = {name: getattr(details, name) for name in names}
    return {name: amount for name, amount in amounts.items() if amount is not None}
