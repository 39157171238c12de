"""Queue batches to engine. Only the messages that failed are reported, so only they come again."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chalice.app import SQSEvent

from chalicelib.domain.errors import InvalidRequestError
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import decode_execute_order, decode_status_message
from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
from chalicelib.entrypoints import logs

if TYPE_CHECKING:
    # They live in different functions; none loads what only the others need.
    from chalicelib.engine.execution.executor import Executor
    from chalicelib.engine.execution.rescue import Rescuer
    from chalicelib.engine.streaming.publish import Publisher

log = logging.getLogger(__name__)

# Enough to finish a tick, hand the rest back, and return before Lambda stops the function.
RESERVE_MS = 3_000
# How soon a batch comes again when its worker dies; the queue's own timeout is a limit for all.
HOLD_SECONDS = 15

Message = TypeVar("Message")


def holding(queue: OrderQueue | StatusQueue, receipts: Sequence[str]) -> Callable[[], None]:
    """Return what keeps messages from others for a while; when it cannot, that does no harm."""

    def hold() -> None:
        try:
            queue.hold(receipts, seconds=HOLD_SECONDS)
        except UnavailableError as error:
            log.warning("hold_failed", extra={"reason": error.detail})

    return hold


def execute_orders(event: SQSEvent, executor: "Executor") -> dict[str, Any]:
    """Carry the batch's orders on."""
    messages, failed = _decode(event, decode_execute_order)
    unfinished = executor.execute(
        [message for _, message in messages],
        has_time=_has_time(event),
        hold=holding(executor.order_queue, _receipts(event)),
    )
    failed |= {message_id for message_id, m in messages if m.order_id in unfinished}
    _log_batch("orders_executed", messages=len(messages), failed=len(failed))
    return _report(failed)


def publish_statuses(
    event: SQSEvent, publisher: "Publisher", status_queue: StatusQueue
) -> dict[str, Any]:
    """Tell the followers."""
    holding(status_queue, _receipts(event))()
    messages, failed = _decode(event, decode_status_message)
    failed |= publisher.publish(messages, has_time=_has_time(event))
    _log_batch("statuses_published", messages=len(messages), failed=len(failed))
    return _report(failed)


def rescue_orders(event: SQSEvent, rescuer: "Rescuer") -> dict[str, Any]:
    """Bring the dead-letter queue's orders to an end; what names no order stays there."""
    messages, failed = _decode(event, decode_execute_order)
    kept = rescuer.rescue([message for _, message in messages])
    failed |= {message_id for message_id, m in messages if m.order_id in kept}
    _log_batch("orders_rescued", messages=len(messages), kept=len(failed))
    return _report(failed)


def _log_batch(action: str, **counts: int) -> None:
    log.info(action, extra={**counts, "duration_ms": logs.elapsed_ms()})


def _receipts(event: SQSEvent) -> list[str]:
    return [record["receiptHandle"] for record in event.to_dict()["Records"]]


def _has_time(event: SQSEvent) -> Callable[[], bool]:
    context: Any = event.context
    return lambda: context.get_remaining_time_in_millis() > RESERVE_MS


def _decode(
    event: SQSEvent, decode: Callable[[str], Message]
) -> tuple[list[tuple[str, Message]], set[str]]:
    """Read every record; what cannot be read fails alone and ends in the dead-letter queue."""
    messages: list[tuple[str, Message]] = []
    unreadable: set[str] = set()
    for record in event.to_dict()["Records"]:
        message_id = record["messageId"]
        try:
            messages.append((message_id, decode(record["body"])))
        except InvalidRequestError as error:
            log.error("message_unreadable", extra={"id": message_id, "reason": error.detail})
            unreadable.add(message_id)
    return messages, unreadable


def _report(failed: set[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": i} for i in sorted(failed)]}
