"""Orders share calls, but not their troubles."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def set_apart(order_id: OrderId, failed: set[OrderId]) -> Iterator[None]:
    """Let a fault of ours with this order stop no other: it is put into `failed`, so that its
    message comes again. Raises UnavailableError, which is nobody's fault."""
    try:
        yield
    except UnavailableError:
        raise
    except Exception:
        log.exception("step_failed", extra={"order_id": order_id})
        failed.add(order_id)


def isolate(
    call: Callable[[Mapping[OrderId, Item]], Iterable[Result]],
    items: Mapping[OrderId, Item],
    failed: set[OrderId],
) -> list[Result]:
    """Call once with the items of all orders; when that fails for a reason of ours, once with each.

    So an order that cannot be read or written fails alone, and is put into `failed`. Raises
    UnavailableError as `call` does: then it is nobody's fault, and all come again.
    """
    try:
        return [*call(items)]
    except UnavailableError:
        raise
    except Exception:
        if len(items) == 1:
            log.exception("order_refused", extra={"order_id": next(iter(items))})
            failed.update(items)
            return []
    return [r for order_id, item in items.items() for r in isolate(call, {order_id: item}, failed)]
