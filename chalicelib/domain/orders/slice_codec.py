"""The JSON of what happens to orders over time, and of how far they are. Amounts are base units."""

from dataclasses import asdict
from datetime import UTC, datetime

from chalicelib.domain.orders.events import (
    OrderCompleted,
    SliceBegun,
    SliceConfirmed,
    SliceDetails,
    SliceSkipped,
    SlicesMissed,
)
from chalicelib.domain.orders.failure_codec import Fields, Json, read_failure, write_failure
from chalicelib.domain.orders.order import OrderId, Progress, Slice


def write_slice(details: SliceDetails) -> dict[str, Json]:
    """Return what happened to a slice as a JSON object; `slice` says which it was."""
    match details:
        case SliceBegun():
            return {
                "slice": details.number,
                "order_id": details.order_id,
                "amount_in": details.amount_in,
                "due_at": details.due_at.isoformat(),
            }
        case SliceConfirmed():
            return {
                "slice": details.number,
                "order_id": details.order_id,
                "amount_in": details.amount_in,
                "amount_out": details.amount_out,
            }
        case SliceSkipped():
            return {
                "slice": details.number,
                "order_id": details.order_id,
                "skipped": write_failure(details.failure),
            }
        case SlicesMissed():
            return {"slice": details.first, "missed": details.count}


def read_slice(fields: Fields) -> SliceDetails:
    """Return what happened to a slice. Raises KeyError, TypeError or ValueError."""
    number, order_id = fields["slice"], fields.get("order_id")
    if "missed" in fields:
        return SlicesMissed(first=number, count=fields["missed"])
    if "skipped" in fields:
        failure = read_failure(fields["skipped"])
        return SliceSkipped(number=number, order_id=order_id and OrderId(order_id), failure=failure)
    named = {"number": number, "order_id": OrderId(fields["order_id"])}
    if "amount_out" in fields:
        amounts = {name: fields[name] for name in ("amount_in", "amount_out")}
        return SliceConfirmed(**named, **amounts)
    due_at = datetime.fromisoformat(fields["due_at"]).astimezone(UTC)
    return SliceBegun(**named, amount_in=fields["amount_in"], due_at=due_at)


def write_completed(completed: OrderCompleted) -> dict[str, Json]:
    """Return the end of an order over time as a JSON object."""
    return asdict(completed)


def read_completed(fields: Fields) -> OrderCompleted:
    """Return the end of an order over time. Raises KeyError."""
    names = ("done", "skipped", "amount_in", "amount_out")
    return OrderCompleted(**{name: fields[name] for name in names})


def write_progress(progress: Progress) -> dict[str, Json]:
    """Return how far a schedule is as a JSON object."""
    working = progress.working
    written = working and {**asdict(working), "expires_at": working.expires_at.isoformat()}
    return {**asdict(progress), "working": written}


def read_progress(fields: Fields) -> Progress:
    """Return how far a schedule is. Raises KeyError or TypeError."""
    working = fields["working"]
    if working:
        expires_at = datetime.fromisoformat(working["expires_at"]).astimezone(UTC)
        working = Slice(**{**working, "expires_at": expires_at})
    return Progress(**{**fields, "working": working or None})
