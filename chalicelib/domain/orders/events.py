"""What is kept of an order's life: an event for each status it reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.tokens import Pair

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Details = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One line of an order's history: it reached `status` at `occurred_at`.

    `details` depend on the status; amounts in them are base units, prices are left to the wire.
    """

    order_id: OrderId
    sequence: int
    status: OrderStatus
    attempt: int
    occurred_at: datetime
    pair: Pair
    details: Details
