"""Orders over time in words: their terms, what happens to their slices, how far they are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from orders_client import Document

TYPES = ("DCA", "TWAP")


def schedule_text(order: Mapping[str, Any]) -> str:
    """Return when an order over time trades, and at what price."""
    unit = f" {order['priceIn']}" if "priceIn" in order else ""
    bounds = (("minPrice", "not below"), ("maxPrice", "not above"), ("limitPrice", "at"))
    prices = [f"{words} {order[name]}{unit}" for name, words in bounds if name in order]
    if "intervalSeconds" in order:
        times = f"in {order['slices']} parts every {_span(order['intervalSeconds'])}"
    else:
        times = f"in {order['slices']} parts over {_span(order['durationSeconds'])}"
    paused = ["paused"] if order.get("paused") else []
    return ", ".join([times, *prices, *paused])


def slice_text(event: Document, order: Mapping[str, Any]) -> str:
    """Return what an event tells of a slice."""
    if missed := event.get("missed"):
        return f"missed {missed['count']} of its times"
    told = event["slice"]
    name = f"part {told['number'] + 1}"
    match told["status"]:
        case "begun":
            return f"{name}: {told['amountIn']} {order['tokenIn']} as order {told['orderId']}"
        case "confirmed":
            return f"{name}: {_swapped(told, order)}"
    return f"{name} skipped, {told['code']}: {told['message']}"


def completed_text(document: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    """Return what all slices of a completed order have come to."""
    skipped = f", {document['slicesSkipped']} skipped" if document["slicesSkipped"] else ""
    return f"{document['slicesDone']} parts{skipped}: {_swapped(document, order)}"


def progress_text(order: Mapping[str, Any]) -> str:
    """Return how far an open or cancelled order over time is."""
    progress = order["progress"]
    done = f"{progress['slicesDone']} of {order['slices']} parts"
    return f"{done}: {_swapped(progress, order)}" if progress["slicesDone"] else done


def _swapped(amounts: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    paid = f"{amounts['amountIn']} {order['tokenIn']}"
    price = f" at {amounts['executedPrice']}" if "executedPrice" in amounts else ""
    return f"{paid} → {amounts['amountOut']} {order['tokenOut']}{price}"


def _span(seconds: int) -> str:
    """Return a span of time as people write it: 90 s, 15 min, 1 h 30 min, 2 d."""
    span = timedelta(seconds=seconds)
    hours, rest = divmod(span.seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = ((span.days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
