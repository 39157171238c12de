"""An order's events as lines, one after the other: a timeline that a pipe takes as well."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Context
from typing import Any

from rich.console import Group
from rich.text import Text

from orders_client import Document
from orders_client.cli.tables import quotes_view, status_text, trade_text

STATUS_WIDTH = 10
PRICE = Context(prec=12)


def order_view(order: Document, tokens: Document) -> Group:
    """An order's timeline, and the comparison that decided its last attempt."""
    timeline = Timeline(order)
    lines = [timeline.heading, *(timeline.line(event) for event in order["events"])]
    decisions = [event for event in order["events"] if event["status"] == "building"]
    return Group(*lines, *(quotes_view(decision, order, tokens) for decision in decisions[-1:]))


class Timeline:
    """Words for the events of one order, as they come."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self._order = order
        self._started_at = datetime.fromisoformat(order["createdAt"])
        self._route: Document = {}

    @property
    def heading(self) -> Text:
        """Which order it is."""
        order = self._order
        slippage = f"slippage at most {order['slippageBps']} bps"
        return Text(f"{order['orderId']}  {trade_text(order)}, {slippage}", style="bold")

    def line(self, event: Document) -> Text:
        """When it happened, how long after the order was accepted, and what it says."""
        at = datetime.fromisoformat(event["timestamp"])
        seconds = (at - self._started_at).total_seconds()
        line = Text(f"{at:%H:%M:%S}.{at.microsecond // 1000:03} {seconds:+7.2f} s  ")
        line.append_text(status_text(f"{event['status']:{STATUS_WIDTH}}"))
        return line.append(self._say(event))

    def _say(self, event: Document) -> str:
        match event["status"]:
            case "routing":
                return self._attempt(event)
            case "building":
                return self._plan(event)
            case "submitted":
                return f"signature {event['signature']}"
            case "confirmed":
                return self._fill(event)
            case "failed":
                return f"{event['code']}: {event['message']}"
        return "accepted"

    def _attempt(self, event: Document) -> str:
        reason = event.get("retryOf")
        after = f", after {reason['code']}: {reason['message']}" if reason else ""
        return f"attempt {event['attempt']}{after}"

    def _plan(self, event: Document) -> str:
        self._route = route = event["route"]
        token_in, token_out = self._order["tokenIn"], self._order["tokenOut"]
        limit = (
            f"at most {event['maxAmountIn']} {token_in}"
            if "maxAmountIn" in event
            else f"at least {event['minAmountOut']} {token_out}"
        )
        expected = f"{route['amountIn']} {token_in} → {route['amountOut']} {token_out}"
        return f"{expected} on {route['venue']}, {limit}; {route['reason']}"

    def _fill(self, event: Document) -> str:
        paid = f"{event['amountIn']} {self._order['tokenIn']}"
        received = f"{event['amountOut']} {self._order['tokenOut']}"
        quoted = f", quoted {self._quoted_price()}" if self._route else ""
        return f"{paid} → {received} at {event['executedPrice']}{quoted}; slot {event['slot']}"

    def _quoted_price(self) -> str:
        price = PRICE.divide(
            PRICE.create_decimal(self._route["amountOut"]),
            PRICE.create_decimal(self._route["amountIn"]),
        )
        return f"{price.normalize(PRICE):f}"
