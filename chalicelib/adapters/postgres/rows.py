"""What the rows of the order store mean."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from chalicelib.domain.orders.event_codec import read_details
from chalicelib.domain.orders.events import OrderEvent, Pack
from chalicelib.domain.orders.hunt_codec import read_hunt, write_hunt
from chalicelib.domain.orders.order import (
    Order,
    OrderId,
    OrderStatus,
    Signature,
    SignedTransaction,
)
from chalicelib.domain.orders.slice_codec import read_progress, write_progress
from chalicelib.domain.orders.terms_codec import read_terms, write_terms
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.orders.triggers import watches_of
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.token_list import find_token
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.statistics import MinuteCounts

Row = Mapping[str, Any]


def pair_of(row: Row) -> Pair:
    """The pair of an order, or of an event read with it."""
    return Pair(token_in=_token_of(row, "input"), token_out=_token_of(row, "output"))


def _token_of(row: Row, side: str) -> Token:
    mint, symbol, decimals = (row[f"{side}_{part}"] for part in ("mint", "symbol", "decimals"))
    if decimals is None:
        # Written by the version before, which took listed tokens only.
        return find_token(mint)
    return Token(symbol=symbol, mint=Mint(mint), decimals=decimals)


def trade_of(row: Row) -> Trade:
    """What the order is to swap: one of its amounts is given."""
    if row["amount_out"] is None:
        return Trade(pair=pair_of(row), mode=SwapMode.EXACT_IN, amount=int(row["amount_in"]))
    return Trade(pair=pair_of(row), mode=SwapMode.EXACT_OUT, amount=int(row["amount_out"]))


def order_of(row: Row) -> Order:
    """An order as it stands."""
    return Order(
        order_id=OrderId(str(row["order_id"])),
        owner_id=OwnerId(row["owner_id"]),
        parent_id=row["parent_id"] and OrderId(str(row["parent_id"])),
        terms=read_terms(row["order_type"], row["terms"]),
        trade=trade_of(row),
        slippage_bps=row["slippage_bps"],
        max_price_impact_bps=row["max_price_impact_bps"],
        status=OrderStatus(row["status"]),
        sequence=row["sequence"],
        attempt=row["attempt"],
        transaction=transaction_of(row),
        refused_by=tuple(row["refused_by"]),
        cancel_requested=row["cancel_requested"],
        expires_at=_moment(row["expires_at"]),
        armed_slot=row["armed_slot"],
        triggered_at=_moment(row["triggered_at"]),
        progress=read_progress(row["progress"]) if row["progress"] else None,
        hunt=read_hunt(row["hunt"]) if row["hunt"] else None,
        due_at=row["due_at"].astimezone(UTC),
        created_at=row["created_at"].astimezone(UTC),
        updated_at=row["updated_at"].astimezone(UTC),
    )


def _moment(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC)


def transaction_of(row: Row) -> SignedTransaction | None:
    """What the attempt under way has signed."""
    if row["signature"] is None:
        return None
    return SignedTransaction(
        signature=Signature(row["signature"]),
        wire_bytes=bytes(row["transaction"]),
        last_valid_block_height=row["last_valid_block_height"],
    )


def order_document(order: Order) -> dict[str, object]:
    """An accepted order's row, as JSON."""
    is_exact_in = order.trade.mode is SwapMode.EXACT_IN
    return {
        "order_id": order.order_id,
        "owner_id": order.owner_id,
        "parent_id": order.parent_id,
        "order_type": order.order_type,
        **_token_columns("input", order.pair.token_in),
        **_hunt_columns(order),
        "amount_in": order.trade.amount if is_exact_in else None,
        "amount_out": None if is_exact_in else order.trade.amount,
        "max_price_impact_bps": order.max_price_impact_bps,
        **_waiting_columns(order),
        "status": order.status,
        "sequence": order.sequence,
        "attempt": order.attempt,
        "due_at": order.due_at.isoformat(),
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def _waiting_columns(order: Order) -> dict[str, object]:
    return {
        "slippage_bps": order.slippage_bps,
        "terms": write_terms(order.terms),
        "expires_at": order.expires_at and order.expires_at.isoformat(),
        "armed_slot": order.armed_slot,
        "progress": order.progress and write_progress(order.progress),
    }


def _hunt_columns(order: Order) -> dict[str, object]:
    """What is bought, which an order that waits for a pool finds in the end, and what it met."""
    met = order.hunt and write_hunt(order.hunt)
    return _token_columns("output", order.pair.token_out) | {"hunt": met}


def _token_columns(side: str, token: Token) -> dict[str, object]:
    return {
        f"{side}_mint": token.mint,
        f"{side}_symbol": token.symbol,
        f"{side}_decimals": token.decimals,
    }


def move_document(order: Order, sequence_before: int) -> dict[str, object]:
    """What a move writes of an order, as JSON."""
    signed = order.transaction
    return {
        "order_id": order.order_id,
        "sequence_before": sequence_before,
        # What may have been edited, or come further.
        **(_waiting_columns(order) if order.status is OrderStatus.OPEN or order.progress else {}),
        # What may have been found.
        **(_hunt_columns(order) if order.hunt else {}),
        "status": order.status,
        "sequence": order.sequence,
        "attempt": order.attempt,
        "signature": signed and signed.signature,
        "transaction_hex": signed and signed.wire_bytes.hex(),
        "last_valid_block_height": signed and signed.last_valid_block_height,
        "refused_by": order.refused_by,
        "cancel_requested": order.cancel_requested,
        "triggered_at": order.triggered_at and order.triggered_at.isoformat(),
        "due_at": order.due_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def watch_documents(order: Order) -> list[dict[str, object]]:
    """The rows of what an open order waits for, as JSON; none of any other."""
    if order.status is not OrderStatus.OPEN:
        return []
    return [
        {
            "order_id": order.order_id,
            "leg": watch.leg,
            "kind": watch.kind,
            "input_mint": order.pair.token_in.mint,
            "output_mint": order.pair.token_out.mint,
            "side": watch.side,
            # What shall rest a while is looked at only then.
            "key": None if order.rests else _digits(watch.key),
            "key_first": _digits(watch.key),
            "trailing_bps": watch.trailing_bps,
            "mark": _digits(watch.mark),
            "armed_slot": order.armed_slot,
            "expires_at": order.expires_at and order.expires_at.isoformat(),
            "recheck_at": order.due_at.isoformat() if order.is_timed else None,
            "fires_at": watch.fires_at and watch.fires_at.isoformat(),
        }
        for watch in watches_of(order.terms, order.trade)
    ]


def _digits(number: int | None) -> str | None:
    return None if number is None else str(number)


def nested_events(row: Row) -> tuple[OrderEvent, ...]:
    """The events that came with an order, as JSON."""
    pair = pair_of(row)
    return tuple(
        event_of(nested | {"occurred_at": datetime.fromisoformat(nested["occurred_at"])}, pair)
        for nested in row["events"]
    )


def nested_packs(row: Row) -> tuple[Pack, ...]:
    """The events that came with an order, those that were saved together in one pack."""
    firsts = [nested["pack"] or nested["sequence"] for nested in row["events"]]
    together = groupby(zip(firsts, nested_events(row), strict=True), key=itemgetter(0))
    return tuple(tuple(event for _, event in pack) for _, pack in together)


def minute_of(row: Row) -> MinuteCounts:
    """What happened in a minute, from JSON."""
    starts_at = datetime.fromisoformat(row["starts_at"]).astimezone(UTC)
    counts = {name: row[name] for name in ("accepted", "confirmed", "failed")}
    return MinuteCounts(starts_at=starts_at, **counts)


def event_of(row: Row, pair: Pair) -> OrderEvent:
    """An event of an order of that pair."""
    return OrderEvent(
        order_id=OrderId(str(row["order_id"])),
        sequence=row["sequence"],
        attempt=row["attempt"],
        occurred_at=row["occurred_at"].astimezone(UTC),
        pair=pair,
        details=read_details(OrderStatus(row["status"]), row["details"]),
    )


def announced_through(rows: Iterable[Row]) -> dict[OrderId, int]:
    """Return up to which sequence the events of each order need not be announced."""
    return {OrderId(str(row["order_id"])): row["announced_through"] for row in rows}
