"""What the log says of an order: one line for each transition that is durable. Metrics are counted
from these lines, so that none may be written twice."""

import logging
from datetime import timedelta

from chalicelib.domain.orders.events import EventDetails, OrderFailed, TransactionBuilt
from chalicelib.domain.orders.lifecycle import Transition

log = logging.getLogger(__name__)

MILLISECOND = timedelta(milliseconds=1)


def log_transition(transition: Transition, *, level: int = logging.INFO) -> None:
    """Log where the order is now, why, and how long after its acceptance."""
    order, event = transition.order, transition.event
    fields = {
        "order_id": event.order_id,
        "owner": order.owner_id,
        "sequence": event.sequence,
        "attempt": event.attempt,
        "duration_ms": (event.occurred_at - order.created_at) // MILLISECOND,
        **_decision(event.details),
    }
    is_new = event.sequence == 1
    log.log(level, "order_accepted" if is_new else f"order_{event.status}", extra=fields)


def _decision(details: EventDetails) -> dict[str, str]:
    """Why the route, why the failure; the rest is in the store."""
    match details:
        case TransactionBuilt(decision=decision):
            return {"venue": decision.route.venue, "reason": decision.route.reason}
        case OrderFailed(failure=failure):
            return {"code": failure.code}
        case _:
            return {}
