"""Orders share calls, but not their troubles."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


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
