"""An order's events as clients see them, in frames and in its history: amounts go out as decimal
strings of the token that each is of."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from chalicelib.domain.amounts import to_decimal_string
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
    Failure,
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
    SliceBegun,
    SliceConfirmed,
    SliceDetails,
    SliceSkipped,
    SlicesMissed,
    TransactionBuilt,
    TransactionSubmitted,
)
from chalicelib.domain.orders.terms import WaitsFor
from chalicelib.domain.orders.triggers import Trigger, TriggerKind
from chalicelib.domain.tokens import Mint, Pair
from chalicelib.entrypoints.wire.hunts import verdict_document
from chalicelib.entrypoints.wire.slices import completed_document, slice_document
from chalicelib.entrypoints.wire.values import Document, price_text, rate_text, timestamp

TRIGGER_KINDS = {
    TriggerKind.LIMIT: "limit",
    TriggerKind.STOP: "stop",
    TriggerKind.TAKE_PROFIT: "takeProfit",
    TriggerKind.TRAILING_STOP: "trailingStop",
    TriggerKind.ACTIVATION: "activation",
    TriggerKind.MAX_HOLD: "maxHold",
    TriggerKind.POOL: "pool",
}


def event_document(event: OrderEvent) -> Document:
    """An event as clients see it, in frames and in an order's history."""
    return {
        "orderId": event.order_id,
        "sequence": event.sequence,
        "status": event.status,
        "attempt": event.attempt,
        "timestamp": timestamp(event.occurred_at),
        **details_document(event),
    }


def details_document(event: OrderEvent) -> Document:
    """What an event of its kind says beside that it happened."""
    write = _WRITERS.get(type(event.details))
    if write is None:
        raise TypeError(f"an event of {event.details!r} has no document")
    return write(event.details, event.pair)


def decision_document(decision: Decision, pair: Pair) -> Document:
    """The pair's pools, asked one by one, and the route that was found."""
    return _DecisionWriter(decision, pair).document()


def fillable_document(
    pair: Pair, *, amount_in_max: int | None, amount_out_max: int | None
) -> Document:
    """How much can be filled of what was too large: nothing where that is not the reason."""
    if amount_in_max is not None:
        return {"amountInMax": to_decimal_string(amount_in_max, pair.token_in.decimals)}
    if amount_out_max is not None:
        return {"amountOutMax": to_decimal_string(amount_out_max, pair.token_out.decimals)}
    return {}


def _opened(opened: OrderOpened | OrderEdited, pair: Pair) -> Document:
    document: Document = {"waitingFor": opened.waits_for}
    if isinstance(opened, OrderEdited):
        document["changed"] = dict(opened.changed)
    elif opened.unfilled:
        document["unfilled"] = _failure(opened.unfilled, pair)
    return document


def _slice(happened: SliceDetails, pair: Pair) -> Document:
    return {"waitingFor": WaitsFor.SCHEDULE, **slice_document(happened, pair)}


def _judged(judged: PoolJudged, _pair: Pair) -> Document:
    return {"waitingFor": WaitsFor.POOL, "verdict": verdict_document(judged.verdict)}


def _signed(sent: TransactionSubmitted | CancelRequested, _pair: Pair) -> Document:
    is_request = isinstance(sent, CancelRequested)
    return ({"cancelRequested": True} if is_request else {}) | {"signature": sent.signature}


def _started(started: AttemptStarted, pair: Pair) -> Document:
    document: Document = {}
    if started.trigger is not None:
        document["trigger"] = _trigger(started.trigger, pair)
    if started.verdict is not None:
        document["verdict"] = verdict_document(started.verdict)
    if started.retry_of is not None:
        document["retryOf"] = _failure(started.retry_of, pair)
    if started.refused_by:
        document["refusedBy"] = [*dict.fromkeys(started.refused_by)]
    return document


def _trigger(trigger: Trigger, pair: Pair) -> Document:
    gap = {"gapSlots": trigger.gap_slots} if trigger.gap_slots else {}
    price = {} if trigger.rate is None else {"price": rate_text(trigger.rate, pair)}
    return {
        "kind": TRIGGER_KINDS[trigger.kind],
        **price,
        "slot": trigger.slot,
        "observedAt": timestamp(trigger.observed_at),
        **({"pool": trigger.pool_address} if trigger.pool_address else {}),
        **gap,
    }


def _built(built: TransactionBuilt, pair: Pair) -> Document:
    return {
        **decision_document(built.decision, pair),
        **_limit(pair, min_amount_out=built.min_amount_out, max_amount_in=built.max_amount_in),
        "signature": built.signature,
        "lastValidBlockHeight": built.last_valid_block_height,
    }


def _limit(pair: Pair, *, min_amount_out: int | None, max_amount_in: int | None) -> Document:
    """The limit of a swap: the one of the two that it has."""
    if min_amount_out is not None:
        return {"minAmountOut": to_decimal_string(min_amount_out, pair.token_out.decimals)}
    if max_amount_in is not None:
        return {"maxAmountIn": to_decimal_string(max_amount_in, pair.token_in.decimals)}
    return {}


def _confirmed(confirmed: OrderConfirmed, pair: Pair) -> Document:
    paid = to_decimal_string(confirmed.amount_in, pair.token_in.decimals)
    received = to_decimal_string(confirmed.amount_out, pair.token_out.decimals)
    return {
        "amountIn": paid,
        "amountOut": received,
        "signature": confirmed.signature,
        "slot": confirmed.slot,
        "executedPrice": price_text(Decimal(received), Decimal(paid)),
        "txHash": confirmed.signature,
        **_unfilled(confirmed, pair),
        **({"exitOrderId": confirmed.exit_order_id} if confirmed.exit_order_id else {}),
    }


def _unfilled(confirmed: OrderConfirmed, pair: Pair) -> Document:
    """What is left of an order of which a part may be filled; of the amount that it gives."""
    if (amount := confirmed.amount_in_unfilled) is not None:
        return {"amountUnfilled": to_decimal_string(amount, pair.token_in.decimals)}
    if (amount := confirmed.amount_out_unfilled) is not None:
        return {"amountUnfilled": to_decimal_string(amount, pair.token_out.decimals)}
    return {}


def _failure(failure: Failure, pair: Pair) -> Document:
    fillable = fillable_document(
        pair, amount_in_max=failure.amount_in_max, amount_out_max=failure.amount_out_max
    )
    return {"code": failure.code, "message": failure.message, **fillable}


class _DecisionWriter:
    """Writes one decision; it knows the decimals of every mint that the decision names."""

    def __init__(self, decision: Decision, pair: Pair) -> None:
        self._decision, self._pair = decision, pair
        tokens = (*decision.tokens, pair.token_in, pair.token_out)
        self._decimals: Mapping[Mint, int] = {token.mint: token.decimals for token in tokens}

    def document(self) -> Document:
        return {
            "quotes": [self._of_pair(offer) for offer in self._decision.quotes],
            "rejections": [_refusal(refusal) for refusal in self._decision.rejections],
            "route": self._route(self._decision.route),
        }

    def _route(self, route: TakenRoute) -> Document:
        mint_in, mint_out = self._pair.mints
        return {
            "venue": route.venue,
            "amountIn": self._amount(route.amount_in, mint_in),
            "amountOut": self._amount(route.amount_out, mint_out),
            "priceImpactBps": route.price_impact_bps,
            "legs": [self._leg(leg) for leg in route.legs],
            "baseline": self._of_pair(route.baseline) if route.baseline else None,
            "improvementBps": route.improvement_bps,
            "savingBps": route.saving_bps,
            "reason": route.reason,
            "slot": route.slot,
        }

    def _leg(self, leg: RouteLeg) -> Document:
        return {
            **self._offer(leg.offer, leg.input_mint, leg.output_mint),
            "inputMint": leg.input_mint,
            "outputMint": leg.output_mint,
            "fees": [self._fee(fee) for fee in leg.fees],
        }

    def _fee(self, fee: LegFee) -> Document:
        return {"kind": fee.kind, "mint": fee.mint, "amount": self._amount(fee.amount, fee.mint)}

    def _of_pair(self, offer: PoolOffer) -> Document:
        return self._offer(offer, *self._pair.mints)

    def _offer(self, offer: PoolOffer, input_mint: Mint, output_mint: Mint) -> Document:
        return {
            "venue": offer.venue,
            "kind": offer.kind,
            "pool": offer.pool_address,
            "amountIn": self._amount(offer.amount_in, input_mint),
            "amountOut": self._amount(offer.amount_out, output_mint),
            "priceImpactBps": offer.price_impact_bps,
            "feeBps": offer.fee_bps,
        }

    def _amount(self, base_units: int, mint: Mint) -> str:
        return to_decimal_string(base_units, self._decimals[mint])


def _refusal(refusal: PoolRefusal) -> Document:
    return {
        "venue": refusal.venue,
        "kind": refusal.kind,
        "pool": refusal.pool_address,
        "code": refusal.code,
    }


_WRITERS: Mapping[type, Callable[[Any, Pair], Document]] = {
    OrderAccepted: lambda _details, _pair: {},
    OrderCancelled: lambda _details, _pair: {},
    OrderExpired: lambda _details, _pair: {},
    OrderOpened: _opened,
    OrderEdited: _opened,
    **dict.fromkeys((SliceBegun, SliceConfirmed, SliceSkipped, SlicesMissed), _slice),
    PoolJudged: _judged,
    AttemptStarted: _started,
    TransactionBuilt: _built,
    TransactionSubmitted: _signed,
    CancelRequested: _signed,
    OrderConfirmed: _confirmed,
    OrderFailed: lambda failed, pair: _failure(failed.failure, pair),
    OrderCompleted: completed_document,
}
