"""The JSON of an event's details: one form for the store and the queue, read back as it was.

Keys name amounts in base units. What an earlier version wrote still reads: it named the tokens of a
route by mint only, and all of them were listed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.orders.decisions import (
    Decision,
    LegFee,
    PoolOffer,
    PoolRefusal,
    RouteLeg,
    TakenRoute,
)
from chalicelib.domain.orders.events import (
    AttemptStarted,
    CancelRequested,
    EventDetails,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderEdited,
    OrderEvent,
    OrderExpired,
    OrderFailed,
    OrderOpened,
    PoolJudged,
    SliceDetails,
    TransactionBuilt,
    TransactionSubmitted,
)
from chalicelib.domain.orders.failure_codec import (
    Fields,
    Json,
    present,
    read_failure,
    write_failure,
)
from chalicelib.domain.orders.hunt_codec import read_verdict, write_verdict
from chalicelib.domain.orders.order import OrderStatus, Signature
from chalicelib.domain.orders.slice_codec import (
    read_completed,
    read_slice,
    write_completed,
    write_slice,
)
from chalicelib.domain.orders.terms import WaitsFor
from chalicelib.domain.orders.token_codec import read_token, write_token
from chalicelib.domain.orders.triggers import Trigger, TriggerKind
from chalicelib.domain.token_list import find_token
from chalicelib.domain.tokens import Mint, Token

_UNFILLED = ("amount_in_unfilled", "amount_out_unfilled")


def write_event(event: OrderEvent) -> dict[str, Json]:
    """Return as a JSON object what the event says that others of its order do not."""
    return {
        "sequence": event.sequence,
        "status": event.status,
        "attempt": event.attempt,
        "occurred_at": event.occurred_at.isoformat(),
        "details": write_details(event.details),
    }


def write_details(details: EventDetails) -> dict[str, Json]:
    """Return the details as a JSON object."""
    if isinstance(details, SliceDetails):
        return write_slice(details)
    write = _WRITERS.get(type(details))
    if write is None:
        raise TypeError(f"{details!r} are not the details of an event")
    return write(details)


def read_details(status: OrderStatus, fields: Fields) -> EventDetails:
    """Return the details of an event of that status.

    Raises KeyError, TypeError or ValueError for what no version has written.
    """
    if fields.get("cancel_requested"):
        return CancelRequested(status=status, signature=Signature(fields["signature"]))
    return _READERS[status](fields)


def write_trigger(trigger: Trigger) -> dict[str, Json]:
    """Return a trigger as a JSON object; the rate as text, for it may have more digits than JSON's
    readers keep."""
    return {
        "kind": trigger.kind,
        "rate": None if trigger.rate is None else str(trigger.rate),
        "slot": trigger.slot,
        "observed_at": trigger.observed_at.isoformat(),
        "gap_slots": trigger.gap_slots,
        **({"pool": trigger.pool_address} if trigger.pool_address else {}),
    }


def read_trigger(fields: Fields) -> Trigger:
    """Return the trigger. Raises KeyError, TypeError or ValueError."""
    return Trigger(
        kind=TriggerKind(fields["kind"]),
        rate=None if fields["rate"] is None else int(fields["rate"]),
        slot=fields["slot"],
        observed_at=datetime.fromisoformat(fields["observed_at"]).astimezone(UTC),
        gap_slots=fields["gap_slots"],
        pool_address=fields.get("pool"),
    )


def _write_opened(opened: OrderOpened | OrderEdited) -> dict[str, Json]:
    is_usual = opened.waits_for is WaitsFor.PRICE
    written: dict[str, Json] = {} if is_usual else {"waits_for": opened.waits_for}
    if isinstance(opened, OrderEdited):
        return written | {"changed": dict(opened.changed)}
    return written | ({"unfilled": write_failure(opened.unfilled)} if opened.unfilled else {})


def _write_started(started: AttemptStarted) -> dict[str, Json]:
    written: dict[str, Json] = {}
    if started.trigger is not None:
        written["trigger"] = write_trigger(started.trigger)
    if started.verdict is not None:
        written["verdict"] = write_verdict(started.verdict)
    if started.retry_of is not None:
        written["retry_of"] = write_failure(started.retry_of)
    if started.refused_by:
        written["refused_by"] = [*started.refused_by]
    return written


def _write_built(built: TransactionBuilt) -> dict[str, Json]:
    decision = built.decision
    limits: dict[str, Json] = {
        name: limit
        for name, limit in (
            ("min_amount_out", built.min_amount_out),
            ("max_amount_in", built.max_amount_in),
        )
        if limit is not None
    }
    return {
        "quotes": [_write_offer(offer) for offer in decision.quotes],
        "rejections": [
            {"venue": r.venue, "kind": r.kind, "pool": r.pool_address, "code": r.code}
            for r in decision.rejections
        ],
        "route": _write_route(decision.route),
        "tokens": [write_token(token) for token in decision.tokens],
        **limits,
        "signature": built.signature,
        "last_valid_block_height": built.last_valid_block_height,
    }


def _write_route(route: TakenRoute) -> dict[str, Json]:
    return {
        "venue": route.venue,
        "amount_in": route.amount_in,
        "amount_out": route.amount_out,
        "price_impact_bps": route.price_impact_bps,
        "legs": [_write_leg(leg) for leg in route.legs],
        "baseline": _write_offer(route.baseline) if route.baseline else None,
        "improvement_bps": route.improvement_bps,
        "saving_bps": route.saving_bps,
        "reason": route.reason,
        "slot": route.slot,
    }


def _write_leg(leg: RouteLeg) -> dict[str, Json]:
    return {
        **_write_offer(leg.offer),
        "input_mint": leg.input_mint,
        "output_mint": leg.output_mint,
        "fees": [{"kind": f.kind, "mint": f.mint, "amount": f.amount} for f in leg.fees],
    }


def _write_offer(offer: PoolOffer) -> dict[str, Json]:
    return {
        "venue": offer.venue,
        "kind": offer.kind,
        "pool": offer.pool_address,
        "amount_in": offer.amount_in,
        "amount_out": offer.amount_out,
        "price_impact_bps": offer.price_impact_bps,
        "fee_bps": offer.fee_bps,
    }


def _write_confirmed(confirmed: OrderConfirmed) -> dict[str, Json]:
    written: dict[str, Json] = {
        "amount_in": confirmed.amount_in,
        "amount_out": confirmed.amount_out,
        "signature": confirmed.signature,
        "slot": confirmed.slot,
    }
    link: dict[str, Json] = (
        {"exit_order_id": confirmed.exit_order_id} if confirmed.exit_order_id else {}
    )
    return written | present(confirmed, _UNFILLED) | link


def _read_started(fields: Fields) -> AttemptStarted:
    failure, trigger, verdict = (fields.get(n) for n in ("retry_of", "trigger", "verdict"))
    return AttemptStarted(
        trigger=read_trigger(trigger) if trigger else None,
        verdict=read_verdict(verdict) if verdict else None,
        retry_of=read_failure(failure) if failure else None,
        refused_by=tuple(fields.get("refused_by", ())),
    )


def _read_opened(fields: Fields) -> OrderOpened | OrderEdited | SliceDetails | PoolJudged:
    if "slice" in fields:
        return read_slice(fields)
    if "verdict" in fields:
        return PoolJudged(verdict=read_verdict(fields["verdict"]))
    waits_for = WaitsFor(fields.get("waits_for", WaitsFor.PRICE))
    if "changed" in fields:
        return OrderEdited(changed=fields["changed"], waits_for=waits_for)
    failure = fields.get("unfilled")
    return OrderOpened(unfilled=read_failure(failure) if failure else None, waits_for=waits_for)


def _read_built(fields: Fields) -> TransactionBuilt:
    return TransactionBuilt(
        decision=Decision(
            quotes=tuple(_read_offer(offer) for offer in fields["quotes"]),
            rejections=tuple(_read_refusal(refusal) for refusal in fields["rejections"]),
            route=_read_route(fields["route"]),
            tokens=_read_tokens(fields),
        ),
        min_amount_out=fields.get("min_amount_out"),
        max_amount_in=fields.get("max_amount_in"),
        signature=Signature(fields["signature"]),
        last_valid_block_height=fields["last_valid_block_height"],
    )


def _read_tokens(fields: Fields) -> tuple[Token, ...]:
    if "tokens" in fields:
        return tuple(read_token(token) for token in fields["tokens"])
    legs = fields["route"]["legs"]
    mints = dict.fromkeys(mint for leg in legs for mint in (leg["input_mint"], leg["output_mint"]))
    return tuple(find_token(mint) for mint in mints)


def _read_route(fields: Fields) -> TakenRoute:
    return TakenRoute(
        venue=fields["venue"],
        amount_in=fields["amount_in"],
        amount_out=fields["amount_out"],
        price_impact_bps=fields["price_impact_bps"],
        legs=tuple(_read_leg(leg) for leg in fields["legs"]),
        baseline=_read_offer(fields["baseline"]) if fields["baseline"] else None,
        improvement_bps=fields["improvement_bps"],
        saving_bps=fields["saving_bps"],
        reason=fields["reason"],
        slot=fields["slot"],
    )


def _read_leg(fields: Fields) -> RouteLeg:
    return RouteLeg(
        offer=_read_offer(fields),
        input_mint=Mint(fields["input_mint"]),
        output_mint=Mint(fields["output_mint"]),
        fees=tuple(
            LegFee(kind=fee["kind"], mint=Mint(fee["mint"]), amount=fee["amount"])
            for fee in fields["fees"]
        ),
    )


def _read_offer(fields: Fields) -> PoolOffer:
    return PoolOffer(
        venue=fields["venue"],
        kind=fields["kind"],
        pool_address=fields["pool"],
        amount_in=fields["amount_in"],
        amount_out=fields["amount_out"],
        price_impact_bps=fields["price_impact_bps"],
        fee_bps=fields["fee_bps"],
    )


def _read_refusal(fields: Fields) -> PoolRefusal:
    return PoolRefusal(
        venue=fields["venue"],
        kind=fields["kind"],
        pool_address=fields["pool"],
        code=fields["code"],
    )


def _read_confirmed(fields: Fields) -> OrderConfirmed:
    return OrderConfirmed(
        amount_in=fields["amount_in"],
        amount_out=fields["amount_out"],
        signature=Signature(fields["signature"]),
        slot=fields["slot"],
        exit_order_id=fields.get("exit_order_id"),
        **{name: fields.get(name) for name in _UNFILLED},
    )


_WRITERS: Mapping[type, Callable[[Any], dict[str, Json]]] = {
    OrderAccepted: lambda _: {},
    OrderCancelled: lambda _: {},
    OrderExpired: lambda _: {},
    OrderOpened: _write_opened,
    OrderEdited: _write_opened,
    PoolJudged: lambda judged: {"verdict": write_verdict(judged.verdict)},
    AttemptStarted: _write_started,
    TransactionBuilt: _write_built,
    TransactionSubmitted: lambda submitted: {"signature": submitted.signature},
    CancelRequested: lambda asked: {"cancel_requested": True, "signature": asked.signature},
    OrderConfirmed: _write_confirmed,
    OrderFailed: lambda failed: write_failure(failed.failure),
    OrderCompleted: write_completed,
}

_READERS: Mapping[OrderStatus, Callable[[Fields], EventDetails]] = {
    OrderStatus.OPEN: _read_opened,
    OrderStatus.PENDING: lambda _: OrderAccepted(),
    OrderStatus.ROUTING: _read_started,
    OrderStatus.BUILDING: _read_built,
    OrderStatus.SUBMITTED: lambda f: TransactionSubmitted(signature=Signature(f["signature"])),
    OrderStatus.CONFIRMED: _read_confirmed,
    OrderStatus.CANCELLED: lambda _: OrderCancelled(),
    OrderStatus.EXPIRED: lambda _: OrderExpired(),
    OrderStatus.FAILED: lambda fields: OrderFailed(failure=read_failure(fields)),
    OrderStatus.COMPLETED: read_completed,
}
