"""An order's events as lines of text. Nothing is redrawn: the lines can go into a pipe."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Context
from typing import Any

from rich.console import Group
from rich.text import Text

from orders_client import Document, Status
from orders_client.cli import slices
from orders_client.cli.snipes import verdict_text
from orders_client.cli.tables import (
    CANCEL_REQUESTED,
    limit_text,
    quotes_view,
    status_text,
    terms_text,
    trade_text,
)

STATUS_WIDTH = 10
# What an open order waits for.
WAITED_FOR = {"price": "its price", "schedule": "its times", "pool": "a new pool"}
# As many digits as the service gives an executed price.
PRICE = Context(prec=12)


def order_view(order: Document, tokens: Document) -> Group:
    """Return an order's timeline, and the quotes and route of its last attempt.

    `order` has its `events`; `tokens` is a response of /api/tokens.
    """
    timeline = Timeline(order)
    lines = [timeline.heading, *(timeline.line(event) for event in order["events"])]
    routed = [event for event in order["events"] if "route" in event]
    return Group(*lines, *(quotes_view(event, order, tokens) for event in routed[-1:]))


class Timeline:
    """Turns the events of one order into lines. Pass them in order: some refer to earlier ones."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self._order = order
        self._started_at = datetime.fromisoformat(order["createdAt"])
        self._route: Document = {}
        #: The symbols of new tokens, by the pools that were judged.
        self._symbols = {each["pool"]: each["symbol"] for each in order.get("verdicts", ())}

    @property
    def heading(self) -> Text:
        """The order's id, its trade and its limits."""
        order = self._order
        parts = [trade_text(order), terms_text(order)]
        # A limit order is held to its limit: what it has is its exit's.
        if order["type"] != "LIMIT" or "exit" in order:
            parts.append(f"slippage at most {order['slippageBps']} bps")
        parts.append(f"price impact at most {order['maxPriceImpactBps']} bps")
        return Text(f"{order['orderId']}  {', '.join(filter(None, parts))}", style="bold")

    def line(self, event: Document) -> Text:
        """Return an event's time, the seconds since the order was accepted, status and details."""
        moment = datetime.fromisoformat(event["timestamp"])
        seconds = (moment - self._started_at).total_seconds()
        line = Text(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03} {seconds:+7.2f} s  ")
        status = status_text(event["status"])
        status.pad_right(STATUS_WIDTH - len(status))
        line.append_text(status)
        return line.append(self._details(event))

    def _details(self, event: Document) -> str:
        if event.get("cancelRequested"):
            return CANCEL_REQUESTED
        match event["status"]:
            case Status.BUILDING:
                return self._building_details(event)
            case Status.SUBMITTED:
                return f"signature {event['signature']}"
            case Status.CONFIRMED:
                return self._confirmed_details(event)
            case Status.FAILED:
                return f"{event['code']}: {event['message']}"
            case Status.CANCELLED | Status.EXPIRED:
                is_over_time = self._order["type"] in slices.TYPES
                return "no other part begins" if is_over_time else "nothing was swapped"
        return self._waiting_details(event)

    def _waiting_details(self, event: Document) -> str:
        match event["status"]:
            case Status.OPEN:
                return self._open_details(event)
            case Status.ROUTING:
                return self._routing_details(event)
            case Status.COMPLETED:
                return slices.completed_text(event, self._order)
        return "accepted"

    def _open_details(self, event: Document) -> str:
        if changed := event.get("changed"):
            return ", ".join(f"{name} is now {_written(value)}" for name, value in changed.items())
        if "slice" in event or "missed" in event:
            return slices.slice_text(event, self._order)
        if verdict := event.get("verdict"):
            self._symbols[verdict["pool"]] = verdict["symbol"]
            return verdict_text(verdict)
        reason = event.get("unfilled")
        again = f" again, after {reason['code']}: {reason['message']}" if reason else ""
        return f"waits for {WAITED_FOR.get(event['waitingFor'], event['waitingFor'])}{again}"

    def _routing_details(self, event: Document) -> str:
        if verdict := event.get("verdict"):
            self._symbols[verdict["pool"]] = verdict["symbol"]
        if trigger := event.get("trigger"):
            return f"{trigger['kind']}{self._seen(trigger)} in slot {trigger['slot']}"
        reason = event.get("retryOf")
        after = f", after {reason['code']}: {reason['message']}" if reason else ""
        pools = ", ".join(event.get("refusedBy", ()))
        less = f"; less of {pools}" if pools else ""
        return f"attempt {event['attempt']}{after}{less}"

    def _seen(self, trigger: Document) -> str:
        """Return what triggered the order: a pool, a price, or the time alone."""
        if pool := trigger.get("pool"):
            symbol = self._symbols.get(pool)
            return f" {pool} of {symbol}" if symbol else f" {pool}"
        price, order = trigger.get("price"), self._order
        return f" at {price} {order['tokenOut']} for a {order['tokenIn']}" if price else ""

    def _building_details(self, event: Document) -> str:
        self._route = route = event["route"]
        self._learn_token(route)
        token_in, token_out = self._order["tokenIn"], self._order["tokenOut"]
        limit = limit_text(event, self._order)
        expected = f"{route['amountIn']} {token_in} → {route['amountOut']} {token_out}"
        return f"{expected} on {route['venue']}, {limit}; {route['reason']}"

    def _learn_token(self, route: Document) -> None:
        """Note the token that an order buys which was placed before it was known."""
        if self._order["type"] == "SNIPER":
            leg = route["legs"][-1]
            symbol = self._symbols.get(leg["pool"]) or self._order.get("tokenOut")
            self._order = {**self._order, "tokenOut": symbol or leg["outputMint"]}

    def _confirmed_details(self, event: Document) -> str:
        paid = f"{event['amountIn']} {self._order['tokenIn']}"
        received = f"{event['amountOut']} {self._order['tokenOut']}"
        quoted = f", quoted {self._quoted_price()}" if self._route else ""
        link = f"; exit {event['exitOrderId']}" if "exitOrderId" in event else ""
        done = f"{paid} → {received} at {event['executedPrice']}{quoted}; slot {event['slot']}"
        return done + link

    def _quoted_price(self) -> str:
        price = PRICE.divide(
            PRICE.create_decimal(self._route["amountOut"]),
            PRICE.create_decimal(self._route["amountIn"]),
        )
        return f"{price.normalize(PRICE):f}"


def _written(value: Any) -> str:
    """Return a changed value as `orders edit` takes it."""
    return json.dumps(value) if isinstance(value, dict) else str(value)
